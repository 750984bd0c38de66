import ModelFormat
import ModelGraph

/// An operator whose instruction can do more than the operator.
protocol FusedOperator: Operator {
  var epilogue: Epilogue { get set }
}

extension FusedOperator {
  /// Whether an instruction on floats would leave out a rounding that the model asks for.
  func needsSteps(in lowering: Lowering) -> Bool { epilogue.rounds && !lowering.graph.isCalibrated }

  /// Lowers the sums and each step behind them as nodes of their own, every value between them in the form that the epilogue gives it. What
  /// no rounding parts from the sums stays with them.
  func lowerInSteps(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    var sums = self
    sums.epilogue = Epilogue()
    var steps: [(operation: any Operator, inputs: [ValueID?], form: StoredQuantisation?)] = []
    if epilogue.beforeFunction == nil {
      sums.epilogue.function = epilogue.function
      (sums.epilogue.alpha, sums.epilogue.beta) = (epilogue.alpha, epilogue.beta)
    } else {
      steps.append((Activation(epilogue.function, alpha: epilogue.alpha, beta: epilogue.beta), [], epilogue.beforeResidual))
    }
    steps.insert((sums, epilogue.hasResidual ? node.inputs.dropLast() : node.inputs, epilogue.beforeFunction ?? epilogue.beforeResidual), at: 0)
    if epilogue.hasResidual { steps.append((Add(.plain("Add")), node.inputs.suffix(1), nil)) }
    if epilogue.lower > -.infinity || epilogue.upper < .infinity {
      steps.append((Activation(.clamp, alpha: epilogue.lower, beta: epilogue.upper), [], nil))
    }
    let name = lowering.graph[node.outputs[0]].name
    var current: [ValueID?] = []
    for (position, step) in steps.enumerated() {
      var target = node.outputs[0]
      if position < steps.count - 1 {
        var value = Value(name: "\(name).\(type(of: step.operation).name)", type: lowering.graph.type(of: target))
        value.stored = step.form
        target = lowering.addValue(value)
      }
      try lowering.lower(Node(name: node.name, operation: step.operation, inputs: current + step.inputs, outputs: [target]))
      current = [target]
    }
  }
}
