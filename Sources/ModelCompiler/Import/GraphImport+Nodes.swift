import ModelGraph
import ONNX
import Operators
import Tensors

extension GraphImport {
  /// Reads one node of the model or of a body.
  mutating func add(_ node: ONNXNode, at position: Int) throws(CompilerError) {
    let label = node.name.isEmpty ? "node \(position) (\(node.opType))" : "node '\(node.name)' (\(node.opType))"
    if let flow = ControlFlow(node) {
      do throws(CompilerError) {
        return try add(flow, node)
      } catch {
        var error = error.inside(label)
        let deciding = flow == .if ? node.inputs.prefix(1) : flow == .loop ? node.inputs.prefix(2) : []
        if error.openInputs.isEmpty { error.openInputs = graph.inputs(behind: undecided + deciding.compactMap { value(named: $0) }) }
        throw error
      }
    }
    do throws(OperatorError) {
      guard !node.outputs.isEmpty else { throw OperatorError(.invalid, "makes nothing: it has no outputs") }
      let operation = try OperatorCatalog.operation(description(of: node), domain: node.domain)
      let inputs = try node.inputs.map { (name) throws(OperatorError) in try operand(name) }
      let name = node.name.isEmpty ? node.outputs[0] : node.name
      let outputs = try apply(operation, name: name, to: inputs, outputNames: node.outputs)
      for (name, id) in zip(node.outputs, outputs) { try declare(name, as: id) }
    } catch {
      var reported = CompilerError(error, at: label)
      reported.openInputs = graph.inputs(behind: undecided)
      throw reported
    }
  }

  /// What a node reads by a name; nil for an input that was left out.
  func operand(_ name: String) throws(OperatorError) -> ValueID? {
    guard !name.isEmpty else { return nil }
    guard let id = value(named: name) else { throw OperatorError(.invalid, "reads '\(name)', which nothing before it makes") }
    return id
  }

  /// Gives a value a name in the innermost scope.
  mutating func declare(_ name: String, as id: ValueID) throws(OperatorError) {
    guard !name.isEmpty else { return }
    guard scopes[scopes.count - 1].updateValue(id, forKey: name) == nil else { throw OperatorError(.invalid, "makes '\(name)' a second time") }
  }

  func knowledge(of inputs: [ValueID?]) -> [OperatorInput?] {
    inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }
  }

  /// Adds an operator with its outputs: folded where they are known already, expanded where it stands for others.
  mutating func apply(_ operation: any Operator, name: String, to inputs: [ValueID?], outputNames: [String]) throws(OperatorError) -> [ValueID] {
    let knowledge = knowledge(of: inputs)
    // Before the types are asked for: where they depend on values, telling them takes as long as computing.
    if knowledge.areKnown, !operation.outputsFollowFromTypes { try budget.charge(operation.evaluationCost(for: knowledge), reading: knowledge) }
    let types: [TensorType]
    do throws(OperatorError) {
      types = try operation.outputTypes(for: knowledge)
    } catch {
      if let position = error.openInput, inputs.indices.contains(position), let id = inputs[position] { undecided = [id] }
      throw error
    }
    guard types.count >= outputNames.count else {
      throw OperatorError(.unsupported, "makes \(outputNames.count) outputs; \(types.count) are supported")
    }
    for type in types {
      guard Self.isPossible(type.dimensions) else { throw OperatorError(.invalid, "makes the impossible shape \(type.dimensions)") }
    }
    if let composite = operation as? any CompositeOperator {
      return try expand(try composite.composition(for: knowledge), name: name, of: inputs, outputNames: outputNames)
    }
    let folded = try fold(operation, knowledge, types)
    var outputs: [ValueID] = []
    for (index, output) in outputNames.enumerated() {
      var value = Value(name: output, type: types[index], constant: folded.map { $0[index] })
      if let constant = value.constant { value.type = TensorType(constant.elementType, constant.dimensions) }
      if folded != nil { value.quantisedConstant = try quantisedConstant(operation, inputs, output: index) }
      outputs.append(graph.add(value))
    }
    if folded == nil { graph.nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: outputs)) }
    return outputs
  }

  /// The integers behind a folded output: those of a DequantizeLinear, wherever they are moved to.
  private func quantisedConstant(_ operation: any Operator, _ inputs: [ValueID?], output: Int) throws(OperatorError) -> QuantisedConstant? {
    let constants = inputs.map { id in id.flatMap { graph[$0].constant } }
    if let dequantise = operation as? DequantizeLinear { return try dequantise.quantisedConstant(constants) }
    guard let source = inputs.first ?? nil else { return nil }
    return try graph[source].quantisedConstant?.moved(by: operation, constants, output: output)
  }

  /// Puts the steps of a composition in the place of the operator that stands for them.
  private mutating func expand(_ composition: Composition, name: String, of inputs: [ValueID?], outputNames: [String]) throws(OperatorError) -> [ValueID] {
    var made: [[ValueID]] = []
    func operand(_ source: Composition.Source, in reading: inout GraphImport) -> ValueID? {
      switch source {
      case .absent: nil
      case .input(let position): position < inputs.count ? inputs[position] : nil
      case .constant(let tensor): reading.addConstant(tensor, name: "\(name).constant")
      case .step(let step, let output): made[step][output]
      }
    }
    for step in composition.steps {
      for case .constant(let tensor) in step.inputs { try budget.charge(byteCount: tensor.bytes.count) }
      let operands = step.inputs.map { operand($0, in: &self) }
      let stepName = "\(name).\(type(of: step.operation).name)"
      let names = (0..<step.outputCount).map { $0 == 0 ? stepName : "\(stepName).\($0)" }
      made.append(try apply(step.operation, name: stepName, to: operands, outputNames: names))
    }
    var outputs: [ValueID] = []
    for (output, source) in zip(outputNames, composition.outputs) {
      guard let id = operand(source, in: &self) else { throw OperatorError(.invalid, "lacks the input that it hands on") }
      outputs.append(try handOn(id, as: output))
    }
    return outputs
  }

  /// A value under a new name. An input of the model stays a value of its own, since a model may hand it straight out.
  mutating func handOn(_ id: ValueID, as name: String) throws(OperatorError) -> ValueID {
    if isInput(id) { return try apply(Identity(.plain("Identity")), name: name, to: [id], outputNames: [name])[0] }
    if graph[id].constant == nil, !name.isEmpty { graph[id].name = name }
    return id
  }

  /// The outputs where they are known already.
  private mutating func fold(_ operation: any Operator, _ inputs: [OperatorInput?], _ types: [TensorType]) throws(OperatorError) -> [HostTensor]? {
    guard inputs.areKnown || operation.outputsFollowFromTypes else { return nil }
    try budget.charge(types)
    if operation.outputsFollowFromTypes { return try operation.constantOutputs(for: inputs) }
    return try operation.evaluate(inputs.map { $0?.constant })
  }

  private func description(of node: ONNXNode) -> OperatorDescription {
    OperatorDescription(
      nodeName: node.name, opType: node.opType, opset: model.opset(of: node),
      attributes: node.attributes.mapValues { AttributeValue($0) }, inputCount: node.inputs.count, outputCount: node.outputs.count)
  }
}
