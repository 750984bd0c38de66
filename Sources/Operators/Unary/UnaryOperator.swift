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
    if x.elementType == .float64 {
      return HostTensor(x.doubles().map { function(double: $0, alpha: alpha, beta: beta) ?? Double(self(Float($0))) }, dimensions: x.dimensions)
    }
    if x.elementType.isFloatingPoint {
      return HostTensor(x.floats().map { self($0) }, dimensions: x.dimensions).converted(to: x.elementType)
    }
    if keepsWholeNumbers { return x }
    if let function = onWholeNumbers { return function.evaluate(x) }
    if function == .shrink { return shrunk(x) }
    guard let bounds = wholeBounds(x.elementType) else { throw OperatorError(.invalid, "is not defined on \(x.elementType.name)") }
    var y = x
    if let lower = bounds[0] { y = try Arithmetic.Operation.maximum.evaluate(y, lower) }
    if let upper = bounds[1] { y = try Arithmetic.Operation.minimum.evaluate(y, upper) }
    return y
  }
}

extension ElementFunction {
  /// A shrunken tensor of whole numbers; fractions are cut off.
  private func shrunk(_ x: HostTensor) -> HostTensor {
    let (threshold, bias) = (Double(alpha), Double(beta))
    return HostTensor(
      doubles: x.doubles().map { $0 < -threshold ? $0 + bias : $0 > threshold ? $0 - bias : 0 }, as: x.elementType, dimensions: x.dimensions)
  }
}

extension Mapping.Function {
  /// Of whole numbers and bool.
  func evaluate(_ x: HostTensor) -> HostTensor {
    let isUnsigned = x.elementType == .uint64
    let values = x.lanes().map { value in
      switch self {
      case .negate: 0 &- value
      case .absolute: value < 0 && !isUnsigned ? 0 &- value : value
      case .sign: isUnsigned ? (value == 0 ? 0 : 1) : value.signum()
      case .bitwiseNot: ~value
      default: value == 0 ? Int64(1) : 0
      }
    }
    return HostTensor(lanes: values, as: x.elementType, dimensions: x.dimensions)
  }
}

extension Lowering {
  /// Emits `y = function(x)`: a table between 8-bit forms, else float.
  mutating func lower(_ function: ElementFunction, of x: ValueID, to y: ValueID) throws(OperatorError) {
    let layout = layout(of: x)
    if function.function == .identity { return passThrough(x, to: y) }
    if graph.type(of: x).elementType.isInteger { return try lowerWhole(function, of: x, to: y) }
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

  private mutating func lowerWhole(_ function: ElementFunction, of x: ValueID, to y: ValueID) throws(OperatorError) {
    let type = graph.type(of: x).elementType
    if function.keepsWholeNumbers { return passThrough(x, to: y) }
    if let whole = function.onWholeNumbers { return try lower(whole, of: x, to: y) }
    guard let bounds = function.wholeBounds(type) else { throw OperatorError(.unsupported, "is not defined on \(type.name)") }
    let layout = layout(of: x)
    let steps = zip(bounds, [Arithmetic.Operation.maximum, .minimum]).compactMap { bound, operation in bound.map { ($0, operation) } }
    guard !steps.isEmpty else { return passThrough(x, to: y) }
    var left = operand(x, layout: layout, as: .plain)
    for (position, (bound, operation)) in steps.enumerated() {
      let right = addConstant(bound, name: "bound")
      let output =
        position == steps.count - 1
        ? result(y, layout: layout, as: .plain) : addTensor(name: graph[y].name, elementType: type, dimensions: layout.physical(dimensions(of: y)))
      emit(.arithmetic(Arithmetic(operation: operation, left: left, right: right, output: output)))
      left = output
    }
  }

  /// Declares that `y` is `x`.
  mutating func passThrough(_ x: ValueID, to y: ValueID) {
    let layout = layout(of: x)
    let representation = representation(of: x)
    alias(y, of: operand(x, layout: layout, as: representation), layout: layout, as: representation)
  }
}
