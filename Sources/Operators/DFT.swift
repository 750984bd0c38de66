public import ModelGraph
public import Tensors

/// The discrete Fourier transform along one axis of `[…, 1 or 2]` (real, or real and imaginary parts) → `[…, 2]`. `onesided` keeps
/// the first half of the spectrum; the inverse of such a half is real, `[…, 1]`. Lowered as a product with a constant matrix.
public struct DFT: DecomposedOperator {
  public static let names = ["DFT"]

  public var isInverse: Bool
  public var isOneSided: Bool
  /// From the attribute, before operator set 20; an input since.
  public var axis: Int?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    isInverse = try description.integer("inverse", default: 0) != 0
    isOneSided = try description.integer("onesided", default: 0) != 0
    axis = description.opset < 20 ? Int(try description.integer("axis", default: 1)) : nil
  }

  public var tolerance: Float { 2e-5 }

  /// The transform, its axis and the output's dimensions.
  private func resolved(_ inputs: [OperatorInput?]) throws(OperatorError) -> (transform: FourierTransform, axis: Int, output: [Int]) {
    let x = try inputs.required(0, "input").type
    _ = try x.elementType.computed("input")
    let rank = x.dimensions.count
    guard rank >= 2, x.elementCount > 0 else { throw OperatorError(.invalid, "x \(x.dimensions) has no axis to transform or no elements") }
    let axis = try normalised(axis: try inputs.integers(2, "axis", unless: axis.map { [$0] })?.first ?? -2, rank: rank)
    guard axis != rank - 1 else { throw OperatorError(.invalid, "transforms the axis of the real and imaginary parts") }
    let available = x.dimensions[axis]
    let length = try inputs.integers(1, "dft_length")?.first ?? (isInverse && isOneSided ? 2 * (available - 1) : available)
    let transform = try FourierTransform(
      parts: x.dimensions[rank - 1], available: available, length: length, isInverse: isInverse, isOneSided: isOneSided)
    var output = x.dimensions
    output[axis] = transform.outputCount
    output[rank - 1] = transform.outputParts
    return (transform, axis, try checked(output))
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(try inputs.required(0, "input").type.elementType, try resolved(inputs).output)]
  }

  /// By its own evaluation, not by the matrix that it is lowered to.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let x = inputs.dimensions(0), let resolved = try? resolved(inputs) else { return EvaluationCost() }
    return resolved.transform.cost(rows: x.elementCount / max(x[resolved.axis] * resolved.transform.inputParts, 1))
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (transform, axis, output) = try resolved(inputs.asInputs)
    let x = try inputs.required(0, "input")
    let order = Self.order(axis: axis, rank: output.count)
    let moved = x.transposed(order)
    let values = moved.doubles()
    let width = x.dimensions[axis] * transform.inputParts
    let rows = (0..<values.count / width).map { Array(values[$0 * width..<$0 * width + transform.inputCount * transform.inputParts]) }
    let result = HostTensor(doubles: try transform.apply(to: rows).flatMap { $0 }, as: x.elementType, dimensions: order.map { output[$0] })
    return [result.transposed(Self.inverse(order))]
  }

  /// The transformed axis and the parts last.
  private static func order(axis: Int, rank: Int) -> [Int] { (0..<rank - 1).filter { $0 != axis } + [axis, rank - 1] }

  private static func inverse(_ order: [Int]) -> [Int] { order.indices.map { order.firstIndex(of: $0)! } }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let (transform, axis, output) = try resolved(inputs)
    let x = try inputs.required(0, "input").type
    let order = Self.order(axis: axis, rank: output.count)
    let width = x.dimensions[axis] * transform.inputParts
    var parts = Composition()
    let input = try parts.transposed(try parts.converted(.input(0), from: x.elementType, to: .float32), order)
    var rows = try parts.reshaped(input, to: [x.elementCount / width, width])
    let used = transform.inputCount * transform.inputParts
    if used < width { rows = try parts.slice(rows, axis: 1, from: 0, to: used) }
    let product = parts.matrixProduct(rows, .constant(try transform.matrix()))
    let result = try parts.transposed(try parts.reshaped(product, to: order.map { output[$0] }), Self.inverse(order))
    parts.outputs = [try parts.converted(result, from: .float32, to: x.elementType)]
    return parts
  }
}
