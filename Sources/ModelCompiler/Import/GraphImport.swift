import ModelGraph
import ONNX
import Operators
import Tensors

/// Turns an ONNX model into a graph: operators read, shapes inferred, constants folded on the way (shapes depend on them).
struct GraphImport {
  let model: ONNXModel
  /// Dimensions bound by the user, by input name.
  let shapes: [String: [Int]]
  /// Values bound by the user, by input name.
  let constants: [String: HostTensor]
  var graph: Graph
  /// Values by name: the model's own, and inside them those of each control-flow body that is being read.
  var scopes: [[String: ValueID]] = [[:]]
  var budget = FoldingBudget()
  /// Values that would have to be known for the node that can't be read.
  var undecided: [ValueID] = []
  /// Nodes that control flow has brought in.
  var unrolledNodeCount = 0
  private var inputs: Set<ValueID> = []
  /// Constants of control flow's bodies by name: a body that is written out again means the same ones.
  private var bodyConstants: [String: ValueID] = [:]

  init(_ model: ONNXModel, shapes: [String: [Int]], constants: [String: HostTensor]) {
    self.model = model
    self.shapes = shapes
    self.constants = constants
    graph = Graph(name: model.graph.name)
  }

  static func graph(of model: ONNXModel, shapes: [String: [Int]] = [:], constants: [String: HostTensor] = [:]) throws(CompilerError) -> Graph {
    let model = try FunctionInlining.inlined(model).withoutUnreadOutputs()
    try model.checkOperators()
    var reading = GraphImport(model, shapes: shapes, constants: constants)
    try reading.addInputsAndConstants()
    for (position, node) in model.graph.nodes.enumerated() { try reading.add(node, at: position) }
    try reading.addOutputs()
    return reading.graph
  }

  /// The value that a name means here, innermost scope first.
  func value(named name: String) -> ValueID? {
    for scope in scopes.reversed() {
      if let id = scope[name] { return id }
    }
    return nil
  }

  private mutating func addInputsAndConstants() throws(CompilerError) {
    let names = model.graph.inputs.map(\.name)
    if let unknown = shapes.keys.sorted().first(where: { !names.contains($0) }) {
      throw CompilerError(.invalid, "--shape names '\(unknown)', which is no input of the model; it has: \(names.joined(separator: ", "))")
    }
    if let unknown = constants.keys.sorted().first(where: { !names.contains($0) }) {
      throw CompilerError(.invalid, "--constant names '\(unknown)', which is no input of the model; it has: \(names.joined(separator: ", "))")
    }
    for input in model.graph.inputs {
      if let constant = constants[input.name] { try bind(constant, to: input) }
    }
    try addInitialisers(of: model.graph)
    let symbols = symbolSizes
    for input in model.graph.inputs where scopes[0][input.name] == nil {
      guard let type = input.dataType?.elementType else {
        throw CompilerError(.unsupported, "input '\(input.name)' has the type \(input.dataType?.name ?? "unknown"), which is not supported")
      }
      let id = graph.add(Value(name: input.name, type: TensorType(type, try dimensions(of: input, symbols))))
      graph[id].declaredType = type
      scopes[0][input.name] = id
      graph.inputs.append(id)
      inputs.insert(id)
    }
  }

  func isInput(_ id: ValueID) -> Bool { inputs.contains(id) }

  /// The constants that a graph or a body brings, as far as the user didn't bind them.
  /// - Parameter isRepeated: whether the body may come again, and share its constants then.
  mutating func addInitialisers(of body: ONNXGraph, isRepeated: Bool = false) throws(CompilerError) {
    for initialiser in body.initialisers where scopes[scopes.count - 1][initialiser.name] == nil {
      guard Self.isPossible(initialiser.tensor.dimensions) else {
        throw CompilerError(.invalid, "initialiser '\(initialiser.name)' has the impossible shape \(initialiser.tensor.dimensions)")
      }
      if isRepeated, let known = bodyConstants[initialiser.name], graph[known].constant == initialiser.tensor {
        scopes[scopes.count - 1][initialiser.name] = known
        continue
      }
      let id = addConstant(initialiser.tensor, name: initialiser.name)
      scopes[scopes.count - 1][initialiser.name] = id
      if isRepeated { bodyConstants[initialiser.name] = id }
    }
  }

  mutating func addConstant(_ tensor: HostTensor, name: String) -> ValueID {
    graph.add(Value(name: name, type: TensorType(tensor.elementType, tensor.dimensions), constant: tensor))
  }

  /// Makes an input the constant that the user gave for it.
  private mutating func bind(_ constant: HostTensor, to input: ONNXValueInfo) throws(CompilerError) {
    guard let type = input.dataType?.elementType else {
      throw CompilerError(.unsupported, "input '\(input.name)' has the type \(input.dataType?.name ?? "unknown"), which is not supported")
    }
    var constant = constant
    if let declared = input.dimensions {
      // A value or a list of values, as people write them, takes the declared shape where that is wholly known.
      let sizes = declared.compactMap { if case .size(let size) = $0 { size } else { nil } }
      if sizes.count == declared.count, sizes.checkedElementCount == constant.elementCount { constant = constant.reshaped(to: sizes) }
      let fits = declared.count == constant.dimensions.count && zip(declared, constant.dimensions).allSatisfy { $0 == .size($1) || !$0.isFixed }
      guard fits else {
        throw CompilerError(.invalid, "the constant for input '\(input.name)' has dimensions \(constant.dimensions); the model declares \(input.described)")
      }
    }
    guard Self.isPossible(constant.dimensions) else {
      throw CompilerError(.invalid, "the constant for input '\(input.name)' has the impossible shape \(constant.dimensions)")
    }
    scopes[0][input.name] = addConstant(constant.converted(to: type), name: input.name)
  }

  /// Whether a device could hold a tensor of these dimensions: its strides are bounded as well, even if it is empty.
  static func isPossible(_ dimensions: [Int]) -> Bool { dimensions.checkedSpan.map { $0 <= 1 << 28 } ?? false }

  /// Sizes of the dimensions that the model knows by name: what the user bound elsewhere, or 1 for a name that is some input's
  /// batch.
  private var symbolSizes: [String: Int] {
    var sizes: [String: Int] = [:]
    for input in model.graph.inputs {
      guard let declared = input.dimensions else { continue }
      if shapes[input.name] == nil, case .symbol(let name)? = declared.first, sizes[name] == nil { sizes[name] = 1 }
      guard let bound = shapes[input.name] ?? constants[input.name]?.dimensions, bound.count == declared.count else { continue }
      for case (.symbol(let name), let size) in zip(declared, bound) { sizes[name] = size }
    }
    return sizes
  }

  /// The input's dimensions: those that the user bound, else the file's, a symbolic batch being 1.
  /// - Parameter symbols: sizes of the dimensions that are known by name.
  private func dimensions(of input: ONNXValueInfo, _ symbols: [String: Int]) throws(CompilerError) -> [Int] {
    if let bound = shapes[input.name] {
      if let declared = input.dimensions {
        let fits = declared.count == bound.count && zip(declared, bound).allSatisfy { size, value in size == .size(value) || !size.isFixed }
        guard fits else {
          throw CompilerError(.invalid, "--shape \(input.name)=\(bound.map(String.init).joined(separator: "x")) contradicts the model's own \(input.described)")
        }
      }
      guard Self.isPossible(bound) else {
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
      case .symbol(let name) where symbols[name] != nil: result.append(symbols[name]!)
      case .symbol, .unknown:
        guard axis == 0 else {
          throw CompilerError(.unsupported, "input '\(input.name)' has the open shape \(input.described): bind it with --shape \(input.name)=… ")
        }
        result.append(1)
      }
    }
    guard Self.isPossible(result) else {
      throw CompilerError(.invalid, "input '\(input.name)' has the impossible shape \(input.described)")
    }
    return result
  }

  private mutating func addOutputs() throws(CompilerError) {
    for output in model.graph.outputs {
      guard let id = scopes[0][output.name] else { throw CompilerError(.invalid, "output '\(output.name)' is made by no node") }
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
    case .reference(let name): self = .other("reference to the attribute '\(name)' of a function")
    case .other(let kind): self = .other(kind)
    }
  }
}

extension ONNXDimension {
  fileprivate var isFixed: Bool { if case .size = self { true } else { false } }
}
