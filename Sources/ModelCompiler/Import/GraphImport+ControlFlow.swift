import ModelGraph
import ONNX
import Operators
import Tensors

extension GraphImport {
  mutating func add(_ flow: ControlFlow, _ node: ONNXNode) throws(CompilerError) {
    let outputs: [ValueID] =
      switch flow {
      case .if: try addIf(node)
      case .loop: try addLoop(node)
      case .scan: try addScan(node)
      }
    guard outputs.count >= node.outputs.count else {
      throw CompilerError(.invalid, "has \(node.outputs.count) outputs, its body makes \(outputs.count)")
    }
    for (name, id) in zip(node.outputs, outputs) where !name.isEmpty {
      try converting { (reading) throws(OperatorError) in try reading.declare(name, as: try reading.handOn(id, as: name)) }
    }
  }

  /// What an operator complains of, as a complaint of the compiler.
  mutating func converting<Result>(_ body: (inout GraphImport) throws(OperatorError) -> Result) throws(CompilerError) -> Result {
    do throws(OperatorError) {
      return try body(&self)
    } catch {
      throw CompilerError(error.code == .invalid ? .invalid : .unsupported, error.message)
    }
  }

  /// Reads a body in a scope of its own, which sees the values around it, and returns its outputs.
  /// - Parameter inputs: what the body's own inputs stand for.
  mutating func inline(_ body: ONNXGraph, _ inputs: [ValueID] = []) throws(CompilerError) -> [ValueID] {
    guard inputs.count == body.inputs.count else {
      throw CompilerError(.invalid, "its body '\(body.name)' has \(body.inputs.count) inputs, it gives \(inputs.count)")
    }
    // Each constant is a value, and each input or output may take a node to slice or to stack it.
    unrolledNodeCount += body.nodes.count + body.initialisers.count + body.inputs.count + body.outputs.count + 1
    guard unrolledNodeCount <= ControlFlow.mostNodes else {
      throw CompilerError(.unsupported, "writes out control flow of more than \(ControlFlow.mostNodes) nodes, which is the limit")
    }
    try body.checkOperators()
    scopes.append([:])
    defer { scopes.removeLast() }
    for (input, id) in zip(body.inputs, inputs) {
      try converting { (reading) throws(OperatorError) in try reading.declare(input.name, as: id) }
    }
    try addInitialisers(of: body, isRepeated: true)
    for (position, node) in body.nodes.enumerated() { try add(node, at: position) }
    var outputs: [ValueID] = []
    for output in body.outputs {
      guard let id = value(named: output.name) else { throw CompilerError(.invalid, "its body makes no '\(output.name)'") }
      outputs.append(id)
    }
    return outputs
  }

  /// An input that has to be there.
  func flowInput(_ node: ONNXNode, _ position: Int, _ role: String) throws(CompilerError) -> ValueID {
    guard position < node.inputs.count, let id = value(named: node.inputs[position]) else {
      throw CompilerError(.invalid, "input '\(role)' is missing or made by nothing before it")
    }
    return id
  }

  /// One truth value; nil where it is computed at run time.
  func truth(_ id: ValueID, _ role: String) throws(CompilerError) -> Bool? {
    let type = graph.type(of: id)
    guard type.elementType == .bool, type.elementCount == 1 else {
      throw CompilerError(.invalid, "'\(role)' is \(type.elementType.name) \(type.dimensions), not one bool")
    }
    return graph[id].constant.map { $0.bytes[0] != 0 }
  }

  // MARK: If

  private mutating func addIf(_ node: ONNXNode) throws(CompilerError) -> [ValueID] {
    let condition = try flowInput(node, 0, "cond")
    let (then, otherwise) = (try node.body("then_branch"), try node.body("else_branch"))
    if let isTaken = try truth(condition, "cond") { return try inline(isTaken ? then : otherwise) }
    return try addChoice(condition, try inline(then), try inline(otherwise))
  }

  /// Both branches are computed, and the condition selects: right, since a branch has no effects, and simple.
  private mutating func addChoice(_ condition: ValueID, _ then: [ValueID], _ otherwise: [ValueID]) throws(CompilerError) -> [ValueID] {
    guard then.count == otherwise.count else { throw CompilerError(.invalid, "its branches make \(then.count) and \(otherwise.count) outputs") }
    var outputs: [ValueID] = []
    for (left, right) in zip(then, otherwise) {
      let (a, b) = (graph.type(of: left), graph.type(of: right))
      guard a == b else {
        throw CompilerError(
          .unsupported,
          "its condition is computed at run time, and its branches make \(a.elementType.name) \(a.dimensions) and \(b.elementType.name) \(b.dimensions): "
            + "bind the input that decides, with --constant NAME=VALUE")
      }
      let name = "\(graph[left].name).chosen"
      outputs.append(
        try converting { (reading) throws(OperatorError) in
          var scalar = condition
          if !reading.graph.type(of: condition).dimensions.isEmpty {
            let shape = reading.addConstant(HostTensor([Int64](), dimensions: [0]), name: "scalar")
            scalar = try reading.apply(try Reshape(.plain("Reshape")), name: "\(name).condition", to: [condition, shape], outputNames: ["\(name).condition"])[0]
          }
          return try reading.apply(Where(.plain("Where")), name: name, to: [scalar, left, right], outputNames: [name])[0]
        })
    }
    return outputs
  }
}
