import ModelFormat
public import ModelGraph
public import Tensors

/// An operator that applies one function to each element of its first input. Fusion passes ask for the function; between
/// two 8-bit forms it becomes a table and needs no kernel.
public protocol UnaryOperator: Operator {
  /// The function for given inputs; nil where it depends on values that only exist at run time.
  func elementFunction(for inputs: [OperatorInput?]) throws(OperatorError) -> ElementFunction?
}

/// A unary operator whose function follows from its attributes alone.
public protocol FixedUnaryOperator: UnaryOperator {
  var elementFunction: ElementFunction { get }
}

extension FixedUnaryOperator {
  public func elementFunction(for inputs: [OperatorInput?]) throws(OperatorError) -> ElementFunction? { elementFunction }
}

extension UnaryOperator {
  public var quantisationRule: QuantisationRule { .ownRange }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [try inputs.required(0, "X").type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    guard let function = try elementFunction(for: inputs.asInputs) else { throw OperatorError(.unsupported, "needs constant parameters") }
    return [try function.evaluate(x)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let function = try elementFunction(for: lowering.inputs(of: node)) else {
      throw OperatorError(.unsupported, "its parameters are computed by the model at run time; only constants are supported")
    }
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try lowering.lower(function, of: x, to: node.outputs[0])
  }
}

extension ElementFunction {
  /// The function of each element; integers where ONNX defines the function on them.
  func evaluate(_ x: HostTensor) throws(OperatorError) -> HostTensor {
    if x.elementType.isFloatingPoint {
      return HostTensor(x.floats().map { self($0) }, dimensions: x.dimensions).converted(to: x.elementType)
    }
    var values: [Int64] = []
    values.reserveCapacity(x.elementCount)
    for value in x.integers() {
      guard let result = onInteger(value) else { throw OperatorError(.invalid, "is not defined on \(x.elementType.name)") }
      values.append(result)
    }
    return HostTensor(integers: values, as: x.elementType, dimensions: x.dimensions)
  }
}

extension Lowering {
  /// Emits `y = function(x)`: a table between 8-bit forms, else float.
  mutating func lower(_ function: ElementFunction, of x: ValueID, to y: ValueID) throws(OperatorError) {
    let layout = layout(of: x)
    if function.function == .identity { return passThrough(x, to: y) }
    if let from = stored(of: x), let to = graph[y].stored {
      let input = operand(x, layout: layout, as: .stored(from))
      let table = addTable(from: from, to: to) { function($0) }
      emit(.lookup(Lookup(input: input, table: table, output: result(y, layout: layout, as: .stored(to)))))
      return
    }
    try requireFloat(x)
    let input = operand(x, layout: layout, as: .plain)
    let output = result(y, layout: layout, as: .plain)
    emit(.unary(Unary(function: function.function, alpha: function.alpha, beta: function.beta, input: input, output: output)))
  }

  /// Declares that `y` is `x`.
  mutating func passThrough(_ x: ValueID, to y: ValueID) {
    let layout = layout(of: x)
    let representation = representation(of: x)
    alias(y, of: operand(x, layout: layout, as: representation), layout: layout, as: representation)
  }
}
