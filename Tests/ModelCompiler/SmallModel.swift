import CPUExecution
import Inference
import ModelCompiler
@testable import ONNX
import Tensors

/// A model written down in a test: nodes over named values.
struct SmallModel {
  var nodes: [ONNXNode] = []
  var constants: [String: HostTensor] = [:]
  /// Name, ONNX's number of the type, dimensions.
  var inputs: [(name: String, type: Int32, dimensions: [Int])] = []
  var outputs: [String]
  var opset = 13

  static let float: Int32 = 1
  static let int8: Int32 = 3
  static let int64: Int32 = 7
  static let bool: Int32 = 9

  /// Numbers between -1 and 1, the same in every run (Knuth's linear congruential generator).
  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int64(state >> 33)) / Float(1 << 30) - 1
    }
  }

  mutating func append(_ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: ONNXAttribute] = [:]) {
    nodes.append(ONNXNode(name: "n\(nodes.count)", opType: type, inputs: inputs, outputs: outputs, attributes: attributes))
  }

  var model: ONNXModel {
    let graph = ONNXGraph(
      name: "small", nodes: nodes, initialisers: constants.sorted { $0.key < $1.key }.map { ONNXInitialiser(name: $0.key, tensor: $0.value) },
      inputs: inputs.map { ONNXValueInfo(name: $0.name, dataType: ONNXDataType(rawValue: $0.type), dimensions: $0.dimensions.map { .size($0) }) },
      outputs: outputs.map { ONNXValueInfo(name: $0) })
    return ONNXModel(irVersion: 8, opsetImports: ["": opset], producerName: "", producerVersion: "", graph: graph, metadata: [:])
  }

  func compiled() throws(CompilerError) -> CompiledModel { try ModelCompilation(model, name: "small").compiled() }

  /// What the operators' plain evaluation makes of it.
  func evaluated(_ given: HostTensor...) throws(CompilerError) -> [HostTensor] {
    try ReferenceEvaluation(model).outputs(for: Dictionary(uniqueKeysWithValues: zip(inputs.map(\.name), given)))
  }

  /// Compiles, and runs once.
  func run(_ given: HostTensor...) throws -> [HostTensor] { try run(try compiled(), given) }

  /// Runs once what was compiled.
  func run(_ compiled: CompiledModel, _ given: [HostTensor]) throws -> [HostTensor] {
    let weights = AlignedBytes(count: compiled.weights.count)
    unsafe weights.bytes.copyBytes(from: compiled.weights)
    let session = try unsafe Session<CPUBackend>(program: compiled.program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions())
    for (index, tensor) in given.enumerated() { try session.setInput(index, to: tensor) }
    session.run()
    let results = try compiled.program.outputs.indices.map { try session.output($0) }
    _ = unsafe weights.bytes
    return results
  }
}
