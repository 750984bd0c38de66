import ModelGraph
import ONNX
import Operators
import Tensors

/// Turns an ONNX model into a graph: operators read, shapes inferred, constants folded on the way (shapes depend on them).
struct GraphImport {
  let model: ONNXModel
  /// Dimensions bound by the user, by input name.
  let shapes: [String: [Int]]
  private var graph: Graph
  private var named: [String: ValueID] = [:]
  private var foldedByteCount = 0

  init(_ model: ONNXModel, shapes: [String: [Int]]) {
    self.model = model
    self.shapes = shapes
    graph = Graph(name: model.graph.name)
  }

  static func graph(of model: ONNXModel, shapes: [String: [Int]] = [:]) throws(CompilerError) -> Graph {
    var reading = GraphImport(model, shapes: shapes)
    try reading.checkOperators()
    try reading.addInputsAndConstants()
    for (position, node) in model.graph.nodes.enumerated() { try reading.add(node, at: position) }
    try reading.addOutputs()
    return reading.graph
  }

  private var opset: Int { model.opsetImports[""] ?? 1 }

  /// Names everything that is missing at once, so that a user sees the whole distance.
  private func checkOperators() throws(CompilerError) {
    var missing: [String: Int] = [:]
    for node in model.graph.nodes where !node.domain.isEmpty || OperatorCatalog.type(named: node.opType) == nil {
      missing[node.domain.isEmpty ? node.opType : "\(node.domain).\(node.opType)", default: 0] += 1
    }
    guard missing.isEmpty else {
      let list = missing.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value)×)" }.joined(separator: ", ")
      throw CompilerError(.unsupported, "the model uses operators that this version doesn't have: \(list)")
    }
    guard 7...23 ~= opset else {
      throw CompilerError(.unsupported, "the model uses operator set \(opset); 7 to 23 are supported: export it again with one of these")
    }
  }

  private mutating func addInputsAndConstants() throws(CompilerError) {
    let names = model.graph.inputs.map(\.name)
    if let unknown = shapes.keys.sorted().first(where: { !names.contains($0) }) {
      throw CompilerError(.invalid, "--shape names '\(unknown)', which is no input of the model; it has: \(names.joined(separator: ", "))")
    }
    for initialiser in model.graph.initialisers {
      guard Self.isPossible(initialiser.tensor.dimensions) else {
        throw CompilerError(.invalid, "initialiser '\(initialiser.name)' has the impossible shape \(initialiser.tensor.dimensions)")
      }
      named[initialiser.name] = graph.add(
        Value(
          name: initialiser.name, type: TensorType(initialiser.tensor.elementType, initialiser.tensor.dimensions), constant: initialiser.tensor))
    }
    for input in model.graph.inputs where named[input.name] == nil {
      guard let type = input.dataType?.elementType else {
        throw CompilerError(.unsupported, "input '\(input.name)' has the type \(input.dataType?.name ?? "unknown"), which is not supported")
      }
      let id = graph.add(Value(name: input.name, type: TensorType(type, try dimensions(of: input))))
      graph[id].declaredType = type
      named[input.name] = id
      graph.inputs.append(id)
    }
  }

  /// Whether a device could hold a tensor of these dimensions: its strides are bounded as well, even if it is empty.
  private static func isPossible(_ dimensions: [Int]) -> Bool { dimensions.checkedSpan.map { $0 <= 1 << 28 } ?? false }

  /// The input's dimensions: those that the user bound, else the file's, a symbolic batch being 1.
  private func dimensions(of input: ONNXValueInfo) throws(CompilerError) -> [Int] {
    if let bound = shapes[input.name] {
      if let declared = input.dimensions {
        let fits = declared.count == bound.count && zip(declared, bound).allSatisfy { size, value in size == .size(value) || !size.isFixed }
        guard fits else {
          throw CompilerError(.invalid, "--shape \(input.name)=\(bound.map(String.init).joined(separator: "x")) contradicts the model's own \(input.described)")
        }
      }
      guard bound.allSatisfy({ $0 >= 1 }), Self.isPossible(bound) else {
        throw CompilerError(.invalid, "--shape \(input.name)=\(bound.map(String.init).joined(separator: "x")) is impossible")
      }
      return bound
    }
    guard let declared = input.dimensions else {
      throw CompilerError(.unsupported, "input '\(input.name)' has no shape: bind it with --shape \(input.name)=1x3x224x224 (with the model's own sizes)")
    }
    var result: [Int] = []
    for (axis, dimension) in declared.enumerated() {
      switch dimension {
      case .size(let size): result.append(size)
      case .symbol, .unknown:
        guard axis == 0 else {
          throw CompilerError(.unsupported, "input '\(input.name)' has the open shape \(input.described): bind it with --shape \(input.name)=… ")
        }
        result.append(1)
      }
    }
    guard result.allSatisfy({ $0 >= 1 }), Self.isPossible(result) else {
      throw CompilerError(.invalid, "input '\(input.name)' has the impossible shape \(input.described)")
    }
    return result
  }

  private mutating func add(_ node: ONNXNode, at position: Int) throws(CompilerError) {
    let label = node.name.isEmpty ? "node \(position) (\(node.opType))" : "node '\(node.name)' (\(node.opType))"
    do throws(OperatorError) {
      guard !node.outputs.isEmpty else { throw OperatorError(.invalid, "makes nothing: it has no outputs") }
      let operation = try OperatorCatalog.type(named: node.opType)!.init(description(of: node))
      var inputs: [ValueID?] = []
      for name in node.inputs {
        guard !name.isEmpty else {
          inputs.append(nil)
          continue
        }
        guard let id = named[name] else { throw OperatorError(.invalid, "reads '\(name)', which nothing before it makes") }
        inputs.append(id)
      }
      let knowledge = inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }
      let types = try operation.outputTypes(for: knowledge)
      guard types.count >= node.outputs.count else { throw OperatorError(.unsupported, "makes \(node.outputs.count) outputs; \(types.count) are supported") }
      for type in types {
        guard Self.isPossible(type.dimensions) else { throw OperatorError(.invalid, "makes the impossible shape \(type.dimensions)") }
      }
      let folded = try fold(operation, knowledge, types)
      var outputs: [ValueID] = []
      for (index, name) in node.outputs.enumerated() {
        guard named[name] == nil || name.isEmpty else { throw OperatorError(.invalid, "makes '\(name)' a second time") }
        var value = Value(name: name, type: types[index], constant: folded.map { $0[index] })
        if let constant = value.constant { value.type = TensorType(constant.elementType, constant.dimensions) }
        if folded != nil, let dequantise = operation as? DequantizeLinear {
          value.quantisedConstant = try dequantise.quantisedConstant(knowledge.map { $0?.constant })
        }
        let id = graph.add(value)
        named[name] = id
        outputs.append(id)
      }
      guard folded == nil else { return }
      graph.nodes.append(Node(name: node.name.isEmpty ? node.outputs.first ?? "" : node.name, operation: operation, inputs: inputs, outputs: outputs))
    } catch {
      throw CompilerError(error.code == .invalid ? .invalid : .unsupported, "\(label): \(error.message)")
    }
  }

  /// Constants that a model may compute beyond those that its file holds: a few bytes can ask for gigabytes.
  private static let largestFoldedByteCount = 256 << 20

  /// The outputs where they are known already.
  private mutating func fold(_ operation: any Operator, _ inputs: [OperatorInput?], _ types: [TensorType]) throws(OperatorError) -> [HostTensor]? {
    let known = try operation.constantOutputs(for: inputs)
    if !known.isEmpty { return known }
    guard inputs.allSatisfy({ $0 == nil || $0!.constant != nil }) else { return nil }
    foldedByteCount += types.reduce(0) { $0 + $1.elementCount * $1.elementType.byteCount }
    guard foldedByteCount <= Self.largestFoldedByteCount else {
      throw OperatorError(.unsupported, "computes constants of over \(Self.largestFoldedByteCount >> 20) MiB together with the nodes before it")
    }
    return try operation.evaluate(inputs.map { $0?.constant })
  }

  private func description(of node: ONNXNode) -> OperatorDescription {
    OperatorDescription(
      nodeName: node.name, opType: node.opType, opset: opset, attributes: node.attributes.mapValues { AttributeValue($0) }, inputCount: node.inputs.count,
      outputCount: node.outputs.count)
  }

  private mutating func addOutputs() throws(CompilerError) {
    for output in model.graph.outputs {
      guard let id = named[output.name] else { throw CompilerError(.invalid, "output '\(output.name)' is made by no node") }
      graph[id].declaredType = graph.type(of: id).elementType
      graph.outputs.append(id)
      graph.outputNames.append(output.name)
    }
    guard !graph.outputs.isEmpty else { throw CompilerError(.invalid, "the model has no outputs") }
  }
}

extension AttributeValue {
  init(_ attribute: ONNXAttribute) {
    switch attribute {
    case .float(let value): self = .float(value)
    case .integer(let value): self = .integer(value)
    case .string(let value): self = .string(value)
    case .tensor(let value): self = .tensor(value)
    case .floats(let values): self = .floats(values)
    case .integers(let values): self = .integers(values)
    case .strings(let values): self = .strings(values)
    case .graph, .graphs: self = .other("graph")
    case .tensors: self = .other("tensors")
    case .other(let kind): self = .other(kind)
    }
  }
}

extension ONNXDimension {
  fileprivate var isFixed: Bool { if case .size = self { true } else { false } }
}

extension ONNXValueInfo {
  fileprivate var described: String {
    let sizes = (dimensions ?? []).map { dimension in
      switch dimension {
      case .size(let size): "\(size)"
      case .symbol(let name): name
      case .unknown: "?"
      }
    }
    return "[" + sizes.joined(separator: ", ") + "]"
  }
}
