import ModelCompiler
import ONNX
import TFLite
import Testing

/// A file may name one constant any number of times; the translation holds it once.
struct SharedConstantsTests {
  /// So many operators that read tensors 2 and, where there is one, 3, each the output of the one before.
  private func model(_ code: Int32, count: Int, _ x: SmallTFLite.Tensor, _ constants: [SmallTFLite.Tensor], buffers: [[UInt8]]) -> SmallTFLite {
    var model = SmallTFLite()
    var y = x
    y.name = "y"
    model.tensors = [x, y] + constants
    model.buffers = buffers
    var from: Int32 = 0
    for index in 0..<count {
      var to: Int32 = 1
      if index < count - 1 {
        var inner = x
        inner.name = "v\(index)"
        to = Int32(model.tensors.count)
        model.tensors.append(inner)
      }
      let others = constants.indices.map { Int32(2 + $0) }
      model.operators.append(.init(code: code, inputs: [from] + others, outputs: [to], options: code == 3 ? (1, [1: .int(1), 2: .int(1)]) : nil))
      from = to
    }
    return model
  }

  private func initialisers(_ model: SmallTFLite, ofAtLeast byteCount: Int) throws -> Int {
    try ONNXModel(TFLiteModel(bytes: model.file)).graph.initialisers.count { $0.tensor.bytes.count >= byteCount }
  }

  @Test func `weights of many convolutions are there once`() throws {
    let weights = SmallTFLite.Tensor(name: "w", shape: [16, 1, 1, 16], buffer: 1)
    let model = model(
      3, count: 20, .init(name: "x", shape: [1, 2, 2, 16]), [weights], buffers: [[UInt8](repeating: 0, count: 1024)])
    #expect(try initialisers(model, ofAtLeast: 1024) == 1)
  }

  @Test func `an addend of many additions is there once`() throws {
    let addend = SmallTFLite.Tensor(name: "c", shape: [1, 256], buffer: 1)
    let model = model(0, count: 20, .init(name: "x", shape: [1, 256]), [addend], buffers: [[UInt8](repeating: 0, count: 1024)])
    #expect(try initialisers(model, ofAtLeast: 1024) == 1)
  }

  @Test func `an 8-bit bias of many convolutions is there once`() throws {
    let form: [Int: FlatField] = [2: .floats([0.5]), 3: .longs([0])]
    let x = SmallTFLite.Tensor(name: "x", shape: [1, 2, 2, 64], type: 9, quantisation: form)
    let weights = SmallTFLite.Tensor(name: "w", shape: [64, 1, 1, 64], type: 9, buffer: 1, quantisation: form)
    let bias = SmallTFLite.Tensor(name: "b", shape: [64], type: 2, buffer: 2)
    let model = model(3, count: 20, x, [weights, bias], buffers: [[UInt8](repeating: 1, count: 4096), [UInt8](repeating: 0, count: 256)])
    #expect(try initialisers(model, ofAtLeast: 256) == 2)
  }

  @Test func `a shape of many reshapes is there once, and no list is endless`() throws {
    let shape = SmallTFLite.Tensor(name: "s", shape: [1], type: 2, buffer: 1)
    let small = model(22, count: 20, .init(name: "x", shape: [3]), [shape], buffers: [[3, 0, 0, 0]])
    #expect(try ONNXModel(TFLiteModel(bytes: small.file)).graph.initialisers.count == 1)
    let order = SmallTFLite.Tensor(name: "s", shape: [1000], type: 2, buffer: 1)
    let long = model(39, count: 1, .init(name: "x", shape: [3]), [order], buffers: [[UInt8](repeating: 0, count: 4000)])
    let read = try TFLiteModel(bytes: long.file)
    let error = #expect(throws: CompilerError.self) { try ONNXModel(read) }
    #expect(error?.message.contains("at most 512 numbers") == true)
  }

  @Test func `outputs of one name are numbered, not without end`() throws {
    var model = SmallTFLite.relu
    model.outputs = [1, 1, 1]
    #expect(try ONNXModel(TFLiteModel(bytes: model.file)).graph.outputs.map(\.name) == ["y", "y'", "y''"])
    model.outputs = [Int32](repeating: 1, count: 200)
    let read = try TFLiteModel(bytes: model.file)
    let error = #expect(throws: CompilerError.self) { try ONNXModel(read) }
    #expect(error?.message.contains("shares its name with more than 100 others") == true)
  }
}
