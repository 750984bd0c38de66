import CPUExecution
import GoldenCases
import Inference
import ModelFormat
import ModelGraph
import ONNX
import Operators
import Tensors

/// A golden case lowered to a program, without any pass in between but the absorption of QuantizeLinear pairs: what it computes
/// is what the operators' own lowering says.
struct LoweredCase {
  let program: Program
  let weights: [UInt8]

  /// nil where everything folds into constants.
  init?(_ model: ONNXModel, channelsLast: Bool) throws {
    guard let declared = try CaseGraph(model).graph else { return nil }
    let graph = declared.inSinglePrecision()
    var lowering = Lowering(graph: graph)
    var inputs: [Port] = []
    for input in graph.inputs {
      let dimensions = graph.type(of: input).dimensions
      let layout = channelsLast ? Layout.channelsLast(rank: dimensions.count) : .identity(rank: dimensions.count)
      let tensor = lowering.declareInput(input, layout: layout)
      inputs.append(
        Port(
          name: graph[input].name, tensor: tensor, declaredType: declared.type(of: input).elementType, declaredDimensions: dimensions, permutation: layout.order
        ))
    }
    for node in graph.nodes { try lowering.lower(node) }
    var outputs: [Port] = []
    for output in graph.outputs {
      let type = graph.type(of: output)
      let tensor = lowering.operand(output, layout: .identity(rank: type.dimensions.count), as: .plain)
      outputs.append(
        Port(
          name: graph[output].name, tensor: tensor, declaredType: declared.type(of: output).elementType, declaredDimensions: type.dimensions,
          permutation: Array(type.dimensions.indices)))
    }
    (program, weights) = Self.assemble(lowering, inputs, outputs)
  }

  /// Every buffer has bytes of its own.
  static func assemble(_ lowering: Lowering, _ inputs: [Port], _ outputs: [Port]) -> (Program, [UInt8]) {
    var sizes = [Int](repeating: 0, count: lowering.bufferCount)
    for case let (tensor, .buffer(buffer)) in lowering.tensors.map({ ($0, $0.home) }) { sizes[buffer] = max(sizes[buffer], tensor.byteCount) }
    var offsets: [Int] = []
    var end = 0
    for size in sizes {
      offsets.append(end)
      end += (size + 63) & ~63
    }
    let tensors = lowering.tensors.map { tensor in
      let storage: TensorDescription.Storage =
        switch tensor.home {
        case .buffer(let buffer): .arena(offset: offsets[buffer])
        case .weights(let offset): .weights(offset: offset)
        }
      return TensorDescription(
        name: tensor.name, elementType: tensor.elementType, dimensions: tensor.dimensions, quantisation: tensor.quantisation, storage: storage)
    }
    let program = Program(tensors: tensors, inputs: inputs, outputs: outputs, instructions: lowering.instructions, arenaByteCount: end)
    return (program, lowering.weights)
  }

  /// The outputs for given inputs.
  func run(_ inputs: [HostTensor], on instructionSet: CPUInstructionSet) throws -> [HostTensor] {
    let aligned = AlignedBytes(count: weights.count)
    unsafe aligned.bytes.copyBytes(from: weights)
    let session = try unsafe Session<CPUBackend>(
      program: program, weights: UnsafeRawBufferPointer(aligned.bytes), options: CPUOptions(threads: 1, instructionSet: instructionSet))
    for (index, input) in inputs.enumerated() { try session.setInput(index, to: input) }
    session.run()
    let outputs = try program.outputs.indices.map { try session.output($0) }
    _ = unsafe aligned.bytes
    return outputs
  }
}

/// Imports a case's model: folds what is constant, and gives values between QuantizeLinear and DequantizeLinear their form.
private struct CaseGraph {
  private var building: Graph
  private var named: [String: ValueID] = [:]

  /// nil where an output folds.
  var graph: Graph? { building.outputs.contains { building[$0].constant != nil } ? nil : building }

  init(_ model: ONNXModel) throws {
    building = Graph(name: model.graph.name)
    // Float weights take part in 8 bits, so that the integer form of everything is run.
    building.isCalibrated = true
    for initialiser in model.graph.initialisers {
      let type = TensorType(initialiser.tensor.elementType, initialiser.tensor.dimensions)
      named[initialiser.name] = building.add(Value(name: initialiser.name, type: type, constant: initialiser.tensor))
    }
    for input in model.graph.inputs {
      let dimensions = (input.dimensions ?? []).map { if case .size(let size) = $0 { size } else { 1 } }
      let id = building.add(Value(name: input.name, type: TensorType(input.dataType!.elementType!, dimensions)))
      named[input.name] = id
      building.inputs.append(id)
    }
    for node in model.graph.nodes { try add(node, model) }
    building.outputs = model.graph.outputs.map { named[$0.name]! }
  }

  private mutating func add(_ node: ONNXNode, _ model: ONNXModel) throws {
    let operation = try node.operation(in: model)
    let inputs = node.inputs.map { $0.isEmpty ? nil : named[$0] }
    if operation is DequantizeLinear, let x = inputs[0], building[x].stored != nil {
      named[node.outputs[0]] = x
      return
    }
    let known = inputs.map { id in id.map { OperatorInput(type: building.type(of: $0), constant: building[$0].constant) } }
    if operation is QuantizeLinear, model.graph.nodes.count > 1, let x = inputs[0],
      let form = QuantizeLinear.storedForm(scale: known[1]?.constant, zeroPoint: known[2]?.constant)
    {
      building[x].stored = form
      named[node.outputs[0]] = x
      return
    }
    let types = try operation.outputTypes(for: known)
    var constants = try operation.constantOutputs(for: known)
    if constants.isEmpty, known.allSatisfy({ $0 == nil || $0!.constant != nil }) { constants = try operation.evaluate(known.map { $0?.constant }) }
    let outputs = node.outputs.enumerated().map { index, name in
      building.add(Value(name: name, type: types[index], constant: constants.isEmpty ? nil : constants[index]))
    }
    for (name, id) in zip(node.outputs, outputs) { named[name] = id }
    if constants.isEmpty { building.nodes.append(Node(name: node.name, operation: operation, inputs: inputs, outputs: outputs)) }
  }
}
