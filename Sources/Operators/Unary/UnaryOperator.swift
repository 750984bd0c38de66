public import ModelFormat
public import ModelGraph
public import Tensors

/// An operator that maps each element of a float tensor by a `UnaryFunction`. Conformers read attributes; this core does the
/// rest: typing, evaluation, and lowering to an instruction, or to a 256-byte table between 8-bit values.
public protocol UnaryOperator: Operator {
  var function: UnaryFunction { get }
  var alpha: Float { get }
  var beta: Float { get }
}

extension UnaryOperator {
  public var alpha: Float { 0 }
  public var beta: Float { 0 }
  public var quantisationRule: QuantisationRule { .ownRange }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard let x = inputs.first ?? nil else { throw OperatorError(.invalid, "needs an input") }
    return [x.type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    guard let x = inputs.first ?? nil else { throw OperatorError(.invalid, "needs an input") }
    return [HostTensor(x.floats().map { function($0, alpha: alpha, beta: beta) }, dimensions: x.dimensions).converted(to: x.elementType)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "needs an input") }
    let layout = lowering.layout(of: x)
    if let from = lowering.stored(of: x), let to = lowering.graph[node.outputs[0]].stored {
      let input = lowering.operand(x, layout: layout, as: .stored(from))
      let table = lowering.addTable(from: from, to: to) { [self] in function($0, alpha: alpha, beta: beta) }
      let output = lowering.result(node.outputs[0], layout: layout, as: .stored(to))
      lowering.emit(.lookup(Lookup(input: input, table: table, output: output)))
      return
    }
    guard lowering.graph.type(of: x).elementType == .float32 else {
      throw OperatorError(.unsupported, "computes on \(lowering.graph.type(of: x).elementType.name) at run time; float32 is supported")
    }
    let input = lowering.operand(x, layout: layout, as: .plain)
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    lowering.emit(.unary(Unary(function: function, alpha: alpha, beta: beta, input: input, output: output)))
  }
}
