import ModelFormat
import Tensors
import Testing

struct ProgramTests {
  @Test func `a program of each family is valid`() {
    for program in TestProgram.all { #expect(program.refusal() == nil) }
  }

  @Test func `what is encoded is decoded`() throws {
    for program in TestProgram.all { #expect(try Program(decoding: program.encoded()) == program) }
  }

  @Test func `ports keep their names, types and permutations`() throws {
    var program = TestProgram.floatConvolution
    program.inputs = [Port(name: "Bild ä", tensor: 0, declaredType: .float32, declaredDimensions: [1, 2, 4, 4], permutation: [0, 2, 3, 1])]
    program.outputs = [Port(name: "y", tensor: 1, declaredType: .float32, declaredDimensions: [1, 4, 4, 3], permutation: [0, 1, 2, 3])]
    #expect(program.refusal() == nil)
    #expect(try Program(decoding: program.encoded()) == program)
  }

  @Test func `every field of an instruction survives, whatever its bits`() throws {
    var numbers = SeededNumbers(1)
    for _ in 0..<2000 {
      var program = TestProgram.all.randomElement(using: &numbers)!
      // Random bytes in the instruction's fields; what still decodes encodes to the same bytes.
      var bytes = program.encoded()
      let tail = Program(tensors: [], inputs: [], outputs: [], instructions: program.instructions, arenaByteCount: 0).encoded().count - 28 - 2
      for _ in 0..<3 { bytes[bytes.count - 1 - Int.random(in: 0..<tail, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers) }
      guard let decoded = try? Program(decoding: bytes) else { continue }
      program = decoded
      #expect(program.encoded() == bytes)
    }
  }

  @Test func `a program cut short at any length is refused`() {
    for program in TestProgram.all {
      let bytes = program.encoded()
      for length in 0..<bytes.count {
        #expect(throws: ModelFormatError.self) { try Program(decoding: Array(bytes[..<length])) }
      }
      #expect(throws: ModelFormatError.self) { try Program(decoding: bytes + [0]) }
    }
  }

  @Test func `any flipped bit is refused or leaves a program that obeys the rules`() {
    for program in TestProgram.all {
      let bytes = program.encoded()
      for position in bytes.indices {
        for bit in 0..<8 {
          var damaged = bytes
          damaged[position] ^= 1 << UInt8(bit)
          guard let decoded = try? Program(decoding: damaged) else { continue }
          _ = decoded.refusal()
        }
      }
    }
  }

  @Test func `random bytes are no program`() {
    var numbers = SeededNumbers(2)
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0..<200, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      #expect(throws: ModelFormatError.self) { try Program(decoding: bytes) }
    }
  }

  @Test func `counts that lie don't make the reader allocate`() {
    // Version, arena, then four thousand million tensors.
    let bytes: [UInt8] = [1, 0, 0, 0] + [UInt8](repeating: 0, count: 8) + [255, 255, 255, 255]
    #expect(throws: ModelFormatError.self) { try Program(decoding: bytes) }
  }

  struct TensorCase: Sendable {
    var message: String
    var tensor: TensorDescription
  }

  static let brokenTensors = [
    TensorCase(message: "needs bytes", tensor: TestProgram.arena("a", .float32, [1024], at: 4)),
    TensorCase(message: "needs bytes", tensor: TestProgram.arena("a", .uint8, [1], at: 4096)),
    TensorCase(message: "needs bytes", tensor: TestProgram.constant("a", .uint8, [4097])),
    TensorCase(message: "is not aligned", tensor: TestProgram.arena("a", .float32, [1], at: 2)),
    TensorCase(message: "impossible dimensions", tensor: TestProgram.arena("a", .uint8, [1 << 20, 1 << 20, 1 << 31], at: 0)),
    TensorCase(message: "impossible quantisation", tensor: TestProgram.arena("a", .uint8, [1], at: 0, Quantisation(scale: 0, zeroPoint: 0))),
    TensorCase(message: "impossible quantisation", tensor: TestProgram.arena("a", .uint8, [1], at: 0, Quantisation(scale: .nan, zeroPoint: 0))),
    TensorCase(message: "impossible quantisation", tensor: TestProgram.arena("a", .int8, [1], at: 0, Quantisation(scale: 1, zeroPoint: 128))),
    TensorCase(message: "impossible quantisation", tensor: TestProgram.arena("a", .float32, [1], at: 0, Quantisation(scale: 1, zeroPoint: 0))),
  ]

  @Test(arguments: brokenTensors) func `a tensor that lies wrong is refused`(broken: TensorCase) {
    var program = TestProgram.unary
    program.tensors.append(broken.tensor)
    #expect(program.refusal()?.contains(broken.message) == true, "\(program.refusal() ?? "accepted")")
  }

  @Test func `ports that don't fit their tensors are refused`() {
    var program = TestProgram.unary
    program.inputs = [Port(name: "x", tensor: 9, declaredType: .float32, declaredDimensions: [8], permutation: [0])]
    #expect(program.refusal()?.contains("names tensor 9") == true)
    program.inputs = [Port(name: "x", tensor: 0, declaredType: .float32, declaredDimensions: [9], permutation: [0])]
    #expect(program.refusal()?.contains("doesn't fit") == true)
    program.inputs = [Port(name: "x", tensor: 0, declaredType: .float32, declaredDimensions: [8], permutation: [1])]
    #expect(program.refusal()?.contains("doesn't fit") == true)
    program.tensors.append(TestProgram.constant("w", .float32, [8]))
    program.inputs = [Port(name: "x", tensor: 2, declaredType: .float32, declaredDimensions: [8], permutation: [0])]
    #expect(program.refusal()?.contains("among the weights") == true)
  }
}
