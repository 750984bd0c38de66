import ONNX

/// Puts the bodies of a model's own functions in the place of their calls, names made unique on the way.
struct FunctionInlining {
  /// Calls may nest this deep: a function that calls itself is found before.
  private static let deepestNesting = 64
  /// All calls together may bring in this many nodes: a few that call each other twice make 2ⁿ.
  private static let mostNodes = 200_000

  private let functions: [ONNXFunction.Key: ONNXFunction]
  private let opsetImports: [String: Int]
  private var nodeCount = 0
  private var callCount = 0
  private var callers: [ONNXFunction.Key] = []

  /// The model without functions; the same one where it has none.
  static func inlined(_ model: ONNXModel) throws(CompilerError) -> ONNXModel {
    guard !model.functions.isEmpty else { return model }
    var functions: [ONNXFunction.Key: ONNXFunction] = [:]
    for function in model.functions {
      guard functions.updateValue(function, forKey: function.key) == nil else {
        throw CompilerError(.invalid, "the model has two functions \(function.key)")
      }
    }
    var inlining = FunctionInlining(functions: functions, opsetImports: model.opsetImports)
    var result = model
    result.functions = []
    result.graph.nodes = try inlining.expanded(model.graph.nodes)
    return result
  }

  private init(functions: [ONNXFunction.Key: ONNXFunction], opsetImports: [String: Int]) {
    self.functions = functions
    self.opsetImports = opsetImports
  }

  private mutating func expanded(_ nodes: [ONNXNode]) throws(CompilerError) -> [ONNXNode] {
    var result: [ONNXNode] = []
    for node in nodes {
      var node = node
      for (name, value) in node.attributes {
        guard case .graph(var body) = value else { continue }
        body.nodes = try expanded(body.nodes)
        node.attributes[name] = .graph(body)
      }
      let key = ONNXFunction.Key(domain: node.domain, name: node.opType, overload: node.overload)
      if let function = functions[key] { result += try call(function, node) } else { result.append(node) }
    }
    return result
  }

  private mutating func call(_ function: ONNXFunction, _ node: ONNXNode) throws(CompilerError) -> [ONNXNode] {
    guard !callers.contains(function.key) else { throw CompilerError(.invalid, "function \(function.key) calls itself") }
    guard callers.count < Self.deepestNesting else { throw CompilerError(.unsupported, "functions call each other more than \(Self.deepestNesting) deep") }
    nodeCount += function.nodes.count + 1
    guard nodeCount <= Self.mostNodes else {
      throw CompilerError(.unsupported, "the model's functions make more than \(Self.mostNodes) nodes, which is the limit")
    }
    guard node.inputs.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      throw CompilerError(
        .invalid,
        "node '\(node.name)' gives function \(function.key) \(node.inputs.count) inputs and takes \(node.outputs.count) outputs; it has "
          + "\(function.inputs.count) and \(function.outputs.count)")
    }
    callers.append(function.key)
    defer { callers.removeLast() }
    callCount += 1
    let renaming = Renaming(function, node, prefix: "\(function.name)#\(callCount)/", opsetImports: opsetImports)
    let body = function.nodes.map { renaming.node($0) }
    return try expanded(body + renaming.handedOn)
  }
}

/// The names of a function's body, as they are called in the place of one call.
private struct Renaming {
  private let function: ONNXFunction
  private let call: ONNXNode
  private let prefix: String
  private let opsetImports: [String: Int]
  private var names: [String: String] = ["": ""]
  /// Inputs that the function gives back as they are.
  private(set) var handedOn: [ONNXNode] = []

  init(_ function: ONNXFunction, _ call: ONNXNode, prefix: String, opsetImports: [String: Int]) {
    self.function = function
    self.call = call
    self.prefix = prefix
    self.opsetImports = opsetImports
    for (position, name) in function.inputs.enumerated() { names[name] = position < call.inputs.count ? call.inputs[position] : "" }
    for (name, target) in zip(function.outputs, call.outputs) where !target.isEmpty {
      if let source = names[name] {
        handedOn.append(ONNXNode(name: "\(prefix)\(name)", opType: "Identity", inputs: [source], outputs: [target]))
      } else {
        names[name] = target
      }
    }
  }

  private func name(_ name: String) -> String { names[name] ?? prefix + name }

  func node(_ node: ONNXNode) -> ONNXNode {
    var renamed = node
    renamed.name = node.name.isEmpty ? "" : prefix + node.name
    renamed.inputs = node.inputs.map(name)
    renamed.outputs = node.outputs.map(name)
    if let version = function.opsetImports[node.domain], version != opsetImports[node.domain] { renamed.opset = node.opset ?? version }
    for (key, value) in node.attributes {
      switch value {
      case .graph(let body): renamed.attributes[key] = .graph(graph(body))
      case .reference(let source): renamed.attributes[key] = call.attributes[source] ?? function.defaults[source]
      default: break
      }
    }
    return renamed
  }

  private func graph(_ body: ONNXGraph) -> ONNXGraph {
    var renamed = body
    renamed.nodes = body.nodes.map(node)
    for index in body.initialisers.indices { renamed.initialisers[index].name = name(body.initialisers[index].name) }
    for index in body.inputs.indices { renamed.inputs[index].name = name(body.inputs[index].name) }
    for index in body.outputs.indices { renamed.outputs[index].name = name(body.outputs[index].name) }
    renamed.valueInfos = []
    return renamed
  }
}
