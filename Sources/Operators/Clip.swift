import ModelFormat
public import ModelGraph
public import Tensors

/// Bounds each element; the bounds are attributes before operator set 11, inputs since. NaN stays.
public struct Clip: UnaryOperator {
  public static let names = ["Clip"]

  /// From the attributes; nil where inputs give the bounds.
  public var bounds: ClosedRange<Float>?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard description.opset < 11 else { return }
    let lower = try description.float("min", default: -.greatestFiniteMagnitude)
    let upper = try description.float("max", default: .greatestFiniteMagnitude)
    guard lower <= upper else { throw OperatorError(.invalid, "attribute 'min' is above 'max'") }
    bounds = lower...upper
  }

  public func elementFunction(for inputs: [OperatorInput?]) throws(OperatorError) -> ElementFunction? {
    if let bounds { return ElementFunction(.clamp, alpha: bounds.lowerBound, beta: bounds.upperBound) }
    guard let lower = try bound(inputs, 1, "min", default: -.infinity), let upper = try bound(inputs, 2, "max", default: .infinity) else { return nil }
    return ElementFunction(.clamp, alpha: lower, beta: upper)
  }

  /// nil where the bound is computed at run time.
  private func bound(_ inputs: [OperatorInput?], _ position: Int, _ name: String, default fallback: Float) throws(OperatorError) -> Float? {
    guard position < inputs.count, let input = inputs[position] else { return fallback }
    guard let tensor = input.constant else { return nil }
    guard tensor.elementCount == 1 else { throw OperatorError(.invalid, "input '\(name)' is not a single value") }
    return tensor.floats()[0]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    var y = try inputs.required(0, "input")
    if y.elementType.isFloatingPoint, let function = try elementFunction(for: inputs.asInputs) { return [try function.evaluate(y)] }
    for (position, operation) in [(1, Arithmetic.Operation.maximum), (2, .minimum)] where position < inputs.count {
      guard let bound = inputs[position] else { continue }
      guard bound.elementCount == 1 else { throw OperatorError(.invalid, "input \(position) is not a single value") }
      y = try operation.evaluate(y, bound.reshaped(to: []))
    }
    return [y]
  }

  /// With bounds that are no float constants: a maximum and a minimum.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'input' is missing") }
    let y = node.outputs[0]
    let isFloat = lowering.graph.type(of: x).elementType == .float32
    if isFloat, let function = try elementFunction(for: lowering.inputs(of: node)) { return try lowering.lower(function, of: x, to: y) }
    let bounds = [node.input(1), node.input(2)]
    for bound in bounds.compactMap({ $0 }) where lowering.dimensions(of: bound).elementCount != 1 {
      throw OperatorError(.invalid, "has a bound that is not a single value")
    }
    try lowering.lowerBounded(x, bounds, to: y)
  }
}

extension Lowering {
  /// Emits `y = min(max(x, bounds[0]), bounds[1])` in x's own type; an absent bound bounds nothing.
  fileprivate mutating func lowerBounded(_ x: ValueID, _ bounds: [ValueID?], to y: ValueID) throws(OperatorError) {
    let type = graph.type(of: x).elementType
    let steps = zip(bounds, [Arithmetic.Operation.maximum, .minimum]).compactMap { bound, operation in bound.map { ($0, operation) } }
    guard let last = steps.last else { return passThrough(x, to: y) }
    let layout = layout(of: x)
    var left = operand(x, layout: layout, as: .plain)
    for (bound, operation) in steps {
      guard graph.type(of: bound).elementType == type else { throw OperatorError(.invalid, "has a bound of another type than \(type.name)") }
      let ones = [Int](repeating: 1, count: layout.rank)
      let right = addView(of: operand(bound, layout: .identity(rank: dimensions(of: bound).count), as: .plain), dimensions: ones)
      let output =
        bound == last.0 && operation == last.1
        ? result(y, layout: layout, as: .plain) : addTensor(name: graph[y].name, elementType: type, dimensions: layout.physical(dimensions(of: y)))
      if type == .float32 {
        emit(.binary(Binary(operation: operation == .maximum ? .maximum : .minimum, left: left, right: right, output: output)))
      } else {
        emit(.arithmetic(Arithmetic(operation: operation, left: left, right: right, output: output)))
      }
      left = output
    }
  }
}
