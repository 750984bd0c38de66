import ONNX

/// Puts the bodies of a model's own functions in the place of their calls, names made unique on the way.
struct FunctionInlining {
  /// Calls may nest this deep: a function that calls itself is found before.
  private static let deepestNesting = 64
  /// All calls together may bring in this many nodes, those in bodies of control flow among them: a few that call each other twice make 2ⁿ.
  private static let mostNodes = 200_000
  /// What names and attributes of these nodes may take: a long one is written anew for each call.
  private static let mostNameBytes = 256 << 20

  private let functions: [ONNXFunction.Key: ONNXFunction]
  private let opsetImports: [String: Int]
  private var sizes: [ONNXFunction.Key: BodySize] = [:]
  private var nodeCount = 0
  private var nameByteCount = 0
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
      // Here, where a body that a call hands in for an attribute is met as often as it is written.
      if !callers.isEmpty { try charge(BodySize(nodes: 1, nameBytes: node.attributes.count * BodySize.attributeBytes)) }
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
    let size = sizes[function.key] ?? BodySize(of: function)
    sizes[function.key] = size
    // The nodes are counted one by one behind this; what can't fit isn't begun.
    try charge(BodySize(nodes: 0, nameBytes: size.nameBytes), beside: size.nodes)
    guard node.inputs.count <= function.inputs.count, node.outputs.count <= function.outputs.count else {
      throw CompilerError(
        .invalid,
        "node '\(node.name)' gives function \(function.key) \(node.inputs.count) inputs and takes \(node.outputs.count) outputs; it has "
          + "\(function.inputs.count) and \(function.outputs.count)")
    }
    callers.append(function.key)
    defer { callers.removeLast() }
    callCount += 1
    let renaming = Renaming(function, node, prefix: "\(function.stem)#\(callCount)/", opsetImports: opsetImports)
    let body = function.nodes.map { renaming.node($0) }
    return try expanded(body + renaming.handedOn)
  }

  private mutating func charge(_ size: BodySize, beside coming: Int = 0) throws(CompilerError) {
    nodeCount += size.nodes
    nameByteCount += size.nameBytes
    guard nodeCount + coming <= Self.mostNodes else {
      throw CompilerError(.unsupported, "the model's functions make more than \(Self.mostNodes) nodes, which is the limit")
    }
    guard nameByteCount <= Self.mostNameBytes else {
      throw CompilerError(.unsupported, "the names that the model's functions make take over \(Self.mostNameBytes >> 20) MiB, which is the limit")
    }
  }
}

extension ONNXFunction {
  /// What names that grow from the function begin with: bounded, since it is written before each.
  fileprivate var stem: String { String(decoding: name.utf8.prefix(32), as: UTF8.self) }
}

/// What writing a function's body out once takes, bodies of control flow included.
private struct BodySize {
  static let attributeBytes = 32
  /// A name's storage and what is put before it.
  private static let nameOverhead = 64

  var nodes: Int
  var nameBytes: Int

  init(nodes: Int, nameBytes: Int) {
    self.nodes = nodes
    self.nameBytes = nameBytes
  }

  init(of function: ONNXFunction) {
    self.init(nodes: 0, nameBytes: 0)
    add(function.inputs)
    add(function.outputs)
    add(function.nodes)
  }

  private mutating func add(_ names: [String]) { nameBytes += names.reduce(0) { $0 + $1.utf8.count + Self.nameOverhead } }

  private mutating func add(_ body: [ONNXNode]) {
    nodes += body.count
    for node in body {
      add(node.inputs)
      add(node.outputs)
      add([node.name, node.domain, node.opType])
      nameBytes += node.attributes.count * Self.attributeBytes
      for case .graph(let graph) in node.attributes.values {
        add(graph.initialisers.map(\.name))
        add(graph.inputs.map(\.name))
        add(graph.outputs.map(\.name))
        add(graph.nodes)
      }
    }
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
