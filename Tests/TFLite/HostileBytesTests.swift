import ModelCompiler
import TFLite
import Testing

struct HostileBytesTests {
  private func readingError(_ bytes: [UInt8]) -> TFLiteError? {
    do {
      _ = try TFLiteModel(bytes: bytes, name: "model.tflite")
      return nil
    } catch {
      return error
    }
  }

  /// Reads and compiles; whatever comes of it is a program or an error.
  @discardableResult private func compile(_ bytes: [UInt8]) -> CompilerError? {
    guard let model = try? TFLiteModel(bytes: bytes) else { return nil }
    do {
      _ = try ModelCompilation(model, name: "hostile").compiled()
      return nil
    } catch {
      return error
    }
  }

  private static let goldens = ["conv.int8", "fully_connected.float32", "slices.float32"].compactMap { GoldenFolder(name: $0).file("model.tflite") }

  @Test func `a file cut short anywhere is refused or harmless`() {
    let whole = SmallTFLite.relu.file
    #expect(readingError(whole) == nil)
    for length in 0..<whole.count - 4 { #expect(readingError(Array(whole[..<length])) != nil, "cut at \(length)") }
    for golden in Self.goldens {
      for length in stride(from: 0, to: golden.count, by: 5) { compile(Array(golden[..<length])) }
    }
  }

  @Test func `flipped bits never crash`() {
    let whole = SmallTFLite.relu.file
    for position in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[position] ^= 1 << bit
        compile(bytes)
      }
    }
  }

  @Test(arguments: goldens.indices) func `every byte flipped in turn never crashes`(index: Int) {
    let golden = Self.goldens[index]
    for position in golden.indices {
      var bytes = golden
      bytes[position] ^= position % 3 == 0 ? 1 : 0xFF
      compile(bytes)
    }
  }

  @Test(arguments: 1...40) func `random bytes never crash`(seed: UInt64) {
    var state = seed
    for length in [1, 7, 9, 64, 1000] {
      var bytes = (0..<length).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      #expect(readingError(bytes) != nil)
      if length >= 9 {
        bytes.replaceSubrange(0..<8, with: [8, 0, 0, 0] + Array("TFL3".utf8))
        _ = readingError(bytes)
      }
    }
  }

  private func relu(_ change: (inout SmallTFLite) -> Void) -> [UInt8] {
    var model = SmallTFLite.relu
    change(&model)
    return model.file
  }

  private func changed(_ change: (inout [Int: FlatField]) -> Void) -> [UInt8] {
    var root = SmallTFLite.relu.root
    change(&root)
    return FlatbufferWriter.file(root)
  }

  @Test func `what is no TFLite file is named so`() {
    #expect(readingError([])?.code == .truncated)
    #expect(readingError(Array("SWIFTLET".utf8))?.message.contains("TFL3") == true)
    #expect(readingError(changed { $0[0] = .int(2) })?.code == .unsupported)
    #expect(readingError(changed { $0[2] = nil })?.message.contains("no graph") == true)
  }

  @Test func `offsets that lead out of the file or back are refused`() {
    for offset in [UInt32.max, 1 << 31, 1 << 20, 0, 1] {
      #expect(readingError(changed { $0[2] = .offset(offset) }) != nil, "\(offset)")
      #expect(readingError(changed { $0[3] = .offset(offset) }) != nil, "\(offset)")
    }
  }

  @Test func `a vtable that is its own table, or lies outside, is refused`() {
    let whole = SmallTFLite.relu.file
    let root = Int(whole[0])
    for distance in [Int32(0), 1, -1, .max, .min, Int32(root), Int32(root) + 1] {
      var bytes = whole
      for index in 0..<4 { bytes[root + index] = UInt8(truncatingIfNeeded: distance >> Int32(8 * index)) }
      #expect(readingError(bytes) != nil, "\(distance)")
    }
  }

  @Test func `vectors longer than the file are refused`() {
    let whole = SmallTFLite.relu.file
    var refusals = 0
    // Each aligned word in turn becomes a length or an offset of 2³¹.
    for position in stride(from: 8, to: whole.count - 4, by: 4) {
      var bytes = whole
      bytes[position + 3] = 0x7F
      refusals += readingError(bytes) == nil ? 0 : 1
      compile(bytes)
    }
    #expect(refusals > 20)
  }

  /// The relu's graph with some of its fields changed.
  private func graph(_ change: (inout [Int: FlatField]) -> Void) -> [UInt8] {
    changed { root in
      guard case .tables(var graphs)? = root[2] else { return }
      change(&graphs[0])
      root[2] = .tables(graphs)
    }
  }

  @Test func `one table named a hundred thousand times is refused before memory is taken`() {
    // Four bytes each in the file, hundreds in memory.
    let tensor: [Int: FlatField] = [0: .ints([1, 3]), 1: .byte(0), 2: .int(0), 3: .text(String(repeating: "x", count: 100))]
    #expect(readingError(graph { $0[0] = .shared(tensor, count: 100_000) })?.code == .tooLarge)
    let operation: [Int: FlatField] = [0: .int(0), 1: .ints([Int32](repeating: 0, count: 1000)), 2: .ints([1])]
    #expect(readingError(graph { $0[3] = .shared(operation, count: 10_000) })?.code == .tooLarge)
    #expect(readingError(graph { $0[3] = .shared(operation, count: 10) }) == nil)
  }

  @Test func `shared buffers are copied once, not once a tensor`() throws {
    var model = SmallTFLite.relu
    model.buffers = [[UInt8](repeating: 0, count: 1 << 20)]
    for index in 0..<500 { model.tensors.append(.init(name: "c\(index)", shape: [1 << 18], buffer: 1)) }
    let read = try TFLiteModel(bytes: model.file)
    #expect(read.subgraphs[0].tensors.count == 502)
  }

  @Test func `buffers that share their bytes are bounded by the file`() {
    // Each buffer is forty bytes in the file, and could be a megabyte in memory.
    let count = 200
    var root = SmallTFLite.relu.root
    root[3] = .text(String(repeating: " ", count: 1 << 20))
    root[4] = .tables([[:]] + (0..<count).map { _ in [1: .long(1024), 2: .long(1 << 20)] })
    guard case .tables(var graphs)? = root[2], case .tables(var tensors)? = graphs[0][0] else { return }
    tensors += (0..<count).map { [0: .ints([1 << 20]), 1: .byte(9), 2: .int(Int32($0 + 1)), 3: .text("c\($0)")] }
    graphs[0][0] = .tables(tensors)
    root[2] = .tables(graphs)
    #expect(readingError(FlatbufferWriter.file(root))?.code == .tooLarge)
  }

  @Test func `tensors that claim 2⁴⁰ elements are refused`() {
    let huge = relu {
      $0.tensors[0].shape = [1 << 20, 1 << 20]
      $0.tensors[1].shape = [1 << 20, 1 << 20]
    }
    #expect(compile(huge)?.code == .invalid)
    let constant = relu {
      $0.tensors.append(.init(name: "c", shape: [1 << 30, 1 << 30, 1 << 30], buffer: 1))
      $0.buffers = [[1, 2, 3, 4]]
      $0.operators = [.init(code: 0, inputs: [0, 2], outputs: [1])]
    }
    #expect(readingError(constant)?.code == .tooLarge)
  }

  @Test func `negative shapes, impossible tensors and operators are refused`() {
    #expect(readingError(relu { $0.tensors[0].shape = [-1, 3] })?.code == .malformed)
    #expect(readingError(relu { $0.operators[0].inputs = [7] })?.code == .malformed)
    #expect(readingError(relu { $0.operators[0].inputs = [-2] })?.code == .malformed)
    #expect(readingError(relu { $0.operators[0].outputs = [-1] })?.code == .malformed)
    #expect(readingError(relu { $0.inputs = [2] })?.code == .malformed)
    #expect(readingError(relu { $0.tensors[0].buffer = 9 })?.code == .malformed)
    #expect(readingError(relu { $0.tensors[0].shape = [Int32](repeating: 1, count: 100) })?.code == .tooLarge)
    let unknown = graph { $0[3] = .tables([[0: .int(5), 1: .ints([0]), 2: .ints([1])]]) }
    #expect(readingError(unknown)?.message.contains("operator code 5 of 1") == true)
  }

  @Test func `a cycle of operators is refused by name`() {
    let cyclic = relu {
      $0.tensors.append(.init(name: "loop", shape: [1, 3]))
      $0.operators = [.init(code: 0, inputs: [0, 2], outputs: [1]), .init(code: 19, inputs: [1], outputs: [2])]
    }
    #expect(compile(cyclic)?.message.contains("'loop', which nothing before it makes") == true)
    #expect(compile(relu { $0.operators[0] = .init(code: 19, inputs: [1], outputs: [1]) })?.code == .invalid)
    #expect(compile(relu { $0.operators.append($0.operators[0]) })?.message.contains("there already") == true)
    #expect(compile(relu { $0.operators[0].outputs = [0] })?.code == .invalid)
  }

  @Test func `impossible quantisation is refused`() {
    for scale in [Float.nan, 0, -1, .infinity] {
      let bytes = relu {
        for index in 0..<2 {
          $0.tensors[index].type = 9
          $0.tensors[index].quantisation = [2: .floats([scale]), 3: .longs([0])]
        }
      }
      #expect(compile(bytes)?.code == .invalid, "\(scale)")
    }
    let zeroPoint = relu {
      $0.tensors[0].type = 9
      $0.tensors[0].quantisation = [2: .floats([1]), 3: .longs([.max])]
    }
    #expect(compile(zeroPoint)?.code == .invalid)
    #expect(readingError(relu { $0.tensors[0].quantisation = [2: .floats([1, 2]), 3: .longs([0, 0]), 6: .int(7)] })?.code == .malformed)
    #expect(readingError(relu { $0.tensors[0].quantisation = [2: .floats([1, 2, 3]), 3: .longs([0, 0]), 6: .int(1)] })?.code == .malformed)
  }
}
