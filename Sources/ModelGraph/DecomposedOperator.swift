public import Tensors

/// An operator that computes by others and yet stays one node until it is lowered, so that calibration sees its outputs alone: the
/// squares inside a normalisation are not for 8 bits. Types, plain evaluation and lowering follow from its parts.
public protocol DecomposedOperator: Operator {
  /// The operators that compute it, given its inputs' types and those values that are known.
  func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition
}

extension DecomposedOperator {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    try composition(for: inputs).outputTypes(for: inputs)
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    // What can't be composed is refused when its types are asked for.
    (try? composition(for: inputs).evaluationCost(for: inputs)) ?? EvaluationCost()
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let knowledge = inputs.map { tensor in tensor.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } }
    return try composition(for: knowledge).evaluate(inputs)
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    try lowering.lower(try composition(for: lowering.knowledge(of: node.inputs)), of: node)
  }
}

extension Lowering {
  /// What is known of values as a node's inputs.
  public func knowledge(of inputs: [ValueID?]) -> [OperatorInput?] {
    inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }
  }

  /// Lowers a composition in a node's place, one step after the other; steps whose inputs are known become constants.
  public mutating func lower(_ composition: Composition, of node: Node) throws(OperatorError) {
    let firstOwn = graph.values.count
    budget.renewBytes(upTo: foldedByteLimit(of: node))
    var made: [[ValueID]] = []
    var isWritten = [Bool](repeating: false, count: node.outputs.count)
    for (position, step) in composition.steps.enumerated() {
      let inputs = try step.inputs.map { (source) throws(OperatorError) in try value(of: source, node, made) }
      let knowledge = knowledge(of: inputs)
      if knowledge.areKnown { try budget.charge(step.operation.evaluationCost(for: knowledge), reading: knowledge) }
      let types = try step.operation.outputTypes(for: knowledge)
      guard types.count >= step.outputCount else { throw OperatorError(.invalid, "lacks an output of a part") }
      if knowledge.areKnown || step.operation.outputsFollowFromTypes { try budget.charge(types) }
      var known = try step.operation.constantOutputs(for: knowledge)
      if known.isEmpty, knowledge.areKnown { known = try step.operation.evaluate(knowledge.map { $0?.constant }) }
      var outputs: [ValueID] = []
      for output in 0..<step.outputCount {
        let target = known.isEmpty ? composition.outputs.firstIndex { $0.isOutput(output, ofStep: position) } : nil
        if let target, target < node.outputs.count, !isWritten[target], graph.type(of: node.outputs[target]) == types[output] {
          isWritten[target] = true
          outputs.append(node.outputs[target])
        } else {
          let name = "\(node.name).\(type(of: step.operation).name)"
          outputs.append(addValue(Value(name: name, type: types[output], constant: known.isEmpty ? nil : known[output])))
        }
      }
      if known.isEmpty { try lower(Node(name: node.name, operation: step.operation, inputs: inputs, outputs: outputs)) }
      made.append(outputs)
    }
    for (target, output) in node.outputs.enumerated() where !isWritten[target] {
      guard target < composition.outputs.count, let source = try value(of: composition.outputs[target], node, made) else {
        throw OperatorError(.unsupported, "makes \(node.outputs.count) outputs; \(composition.outputs.count) are supported")
      }
      let layout = layout(of: source)
      let representation = representation(of: source)
      alias(output, of: operand(source, layout: layout, as: representation), layout: layout, as: representation)
    }
    // What the program needs of these stands in its weights; nobody else names the values.
    for index in firstOwn..<graph.values.count { graph.values[index].constant = nil }
  }

  /// What the steps that stand for a node may compute beforehand: weights in several forms one after the other, and some more.
  private func foldedByteLimit(of node: Node) -> Int {
    let own = node.inputs.compactMap { $0 }.reduce(0) { $0 + (graph[$1].constant?.bytes.count ?? 0) }
    return FoldingBudget.largestByteCount + 8 * own
  }

  /// Adds a value that the model doesn't name, for a part of a node to make.
  public mutating func addValue(_ value: Value) -> ValueID { graph.add(value) }

  private mutating func value(of source: Composition.Source, _ node: Node, _ made: [[ValueID]]) throws(OperatorError) -> ValueID? {
    switch source {
    case .absent: return nil
    case .input(let position): return node.input(position)
    case .constant(let tensor):
      return addValue(Value(name: "\(node.name).constant", type: TensorType(tensor.elementType, tensor.dimensions), constant: tensor))
    case .step(let step, let output): return made[step][output]
    }
  }
}

extension Composition.Source {
  fileprivate func isOutput(_ output: Int, ofStep step: Int) -> Bool {
    if case .step(step, output) = self { true } else { false }
  }
}
