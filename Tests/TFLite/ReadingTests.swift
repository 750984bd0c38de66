import ModelCompiler
import TFLite
import Tensors
import Testing

struct ReadingTests {
  @Test func `a model is read as it stands`() throws {
    let model = try TFLiteModel(bytes: SmallTFLite.relu.file)
    #expect(model.version == 3)
    #expect(model.subgraphs.count == 1)
    let graph = model.subgraphs[0]
    #expect(graph.tensors.map(\.name) == ["x", "y"])
    #expect(graph.tensors[0].dimensions == [1, 3])
    #expect(graph.inputs == [0])
    #expect(graph.outputs == [1])
    #expect(graph.operators.map(\.name) == ["RELU"])
    #expect(graph.operators[0].inputs == [0])
  }

  @Test func `options, scales and constants are read`() throws {
    var small = SmallTFLite.relu
    small.buffers = [[0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64], [0x2F, 0x08]]
    small.tensors.append(.init(name: "c", shape: [3], buffer: 1))
    small.tensors.append(.init(name: "four", shape: [3], type: 17, buffer: 2, quantisation: [2: .floats([0.5]), 3: .longs([0])]))
    small.operators = [.init(code: 0, inputs: [0, 2], outputs: [1], options: (11, [0: .byte(3)]))]
    let graph = try TFLiteModel(bytes: small.file).subgraphs[0]
    #expect(graph.operators[0].integer("fused_activation_function") == 3)
    #expect(graph.operators[0].integer("absent", default: 7) == 7)
    #expect(try graph.tensors[2].constant() == HostTensor([Float(1), 2, 3], dimensions: [3]))
    #expect(try graph.tensors[3].constant() == HostTensor([Int8(-1), 2, -8], dimensions: [3]))
    #expect(graph.tensors[3].quantisation?.scales == [0.5])
    #expect(graph.tensors[3].quantisation?.zeroPoints == [0])
    #expect(try graph.tensors[0].constant() == nil)
  }

  /// The relu's second tensor as a constant of four bytes that stand somewhere in the file.
  private func read(dataAt offset: UInt64, count: UInt64) throws(TFLiteError) -> [UInt8]? {
    var small = SmallTFLite.relu
    small.tensors[1].buffer = 1
    var root = small.root
    root[4] = .tables([[:], [1: .long(offset), 2: .long(count)]])
    return try TFLiteModel(bytes: FlatbufferWriter.file(root)).subgraphs[0].tensors[1].data
  }

  @Test func `constants behind the tables are read, and refused where they lie outside`() throws {
    #expect(try read(dataAt: 4, count: 4) == Array("TFL3".utf8))
    #expect(try read(dataAt: 0, count: 0) == nil)
    for (offset, count) in [(UInt64(4), UInt64(1 << 20)), (1 << 40, 4), (.max, .max), (4, .max), (.max, 4)] {
      #expect(throws: TFLiteError.self) { try read(dataAt: offset, count: count) }
    }
  }

  @Test func `the axis of a one-hot tensor is the first where the file leaves it out`() throws {
    var small = SmallTFLite()
    small.buffers = [[2, 0, 0, 0, 0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 128, 63], [0, 0, 0, 0]]
    small.tensors = [
      .init(name: "x", shape: [3, 2]), .init(name: "y", shape: [3, 2]), .init(name: "indices", shape: [2], type: 2, buffer: 1),
      .init(name: "depth", shape: [], type: 2, buffer: 2), .init(name: "on", shape: [], buffer: 3), .init(name: "off", shape: [], buffer: 4),
      .init(name: "hot", shape: [3, 2]),
    ]
    small.operators = [
      .init(code: 85, inputs: [2, 3, 4, 5], outputs: [6], options: (61, [:])), .init(code: 0, inputs: [0, 6], outputs: [1], options: (11, [:])),
    ]
    let compiled = try ModelCompilation(TFLiteModel(bytes: small.file), name: "one-hot").compiled()
    #expect(compiled.program.outputs[0].declaredDimensions == [3, 2])
  }

  @Test func `sizes that don't fit their bytes are named`() throws {
    var small = SmallTFLite.relu
    small.buffers = [[1, 2, 3]]
    small.tensors.append(.init(name: "c", shape: [3], buffer: 1))
    let graph = try TFLiteModel(bytes: small.file).subgraphs[0]
    let error = #expect(throws: TFLiteError.self) { try graph.tensors[2].constant() }
    #expect(error?.message.contains("need 12 bytes, there are 3") == true)
  }

  @Test func `a file that isn't there or is a folder is named`() {
    let missing = #expect(throws: TFLiteError.self) { try TFLiteModel(contentsOf: "/nonexistent.tflite") }
    #expect(missing?.message.hasPrefix("/nonexistent.tflite: can't be opened") == true)
    let folder = #expect(throws: TFLiteError.self) { try TFLiteModel(contentsOf: "/tmp") }
    #expect(folder?.code == .unreadable)
  }
}
