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
    let x = try inputs.required(0, "input")
    if x.elementType.isFloatingPoint, let function = try elementFunction(for: inputs.asInputs) { return [try function.evaluate(x)] }
    let lower = inputs.count > 1 ? inputs[1]?.integers().first ?? .min : .min
    let upper = inputs.count > 2 ? inputs[2]?.integers().first ?? .max : .max
    return [HostTensor(integers: x.integers().map { min(max($0, lower), upper) }, as: x.elementType, dimensions: x.dimensions)]
  }
}
