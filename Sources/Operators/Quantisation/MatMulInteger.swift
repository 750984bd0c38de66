public import ModelGraph
public import Tensors

/// The matrix product of 8-bit integers to int32, exact: inputs A, B, and their zero points (one, or one a row of A and one a column of B).
public struct MatMulInteger: Operator {
  public static let names = ["MatMulInteger"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (a, b) = (try inputs.required(0, "A").type, try inputs.required(1, "B").type)
    guard a.elementType.isEightBitInteger, b.elementType.isEightBitInteger else {
      throw OperatorError(.invalid, "multiplies \(a.elementType.name) by \(b.elementType.name)")
    }
    let shapes = try MatMul.Shapes(a.dimensions, b.dimensions)
    for (position, count, name) in [(2, shapes.m, "a_zero_point"), (3, shapes.n, "b_zero_point")] {
      guard position < inputs.count, let zeros = inputs[position]?.type else { continue }
      guard zeros.elementCount == 1 || zeros.elementCount == count else {
        throw OperatorError(.unsupported, "input '\(name)' has dimensions \(zeros.dimensions): one for all, or one a row or column, is supported")
      }
    }
    return [TensorType(.int32, shapes.output)]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .matrixProduct(inputs) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    let left = inputs.count > 2 ? a.shifted(by: inputs[2], axis: max(a.dimensions.count - 2, 0)) : a.converted(to: .float64)
    let right = inputs.count > 3 ? b.shifted(by: inputs[3], axis: b.dimensions.count - 1) : b.converted(to: .float64)
    // Whole numbers are exact in double precision up to 2^53.
    let sums = try MatMul(.plain("MatMul")).evaluate([left, right])[0].values(as: Double.self).map { Int32(truncatingIfNeeded: Int64($0)) }
    return [HostTensor(sums, dimensions: type.dimensions)]
  }

  /// Constant weights: a convolution with a 1×1 kernel, every row of A a pixel.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let a = node.input(0), let b = node.input(1), let weights = lowering.graph[b].constant, weights.dimensions.count == 2 else {
      throw OperatorError(.unsupported, "B is computed by the model, or no matrix; only a constant matrix is supported")
    }
    if let zero = node.input(2), lowering.graph.type(of: zero).elementCount != 1 {
      throw OperatorError(.unsupported, "A has a zero point for every row; one for all is supported")
    }
    let dimensions = lowering.dimensions(of: a)
    guard dimensions.count >= 2 else { throw OperatorError(.unsupported, "A is a vector; a matrix is supported") }
    let current = lowering.layout(of: a)
    let rows = dimensions.elementCount / max(weights.dimensions[0], 1)
    try IntegerLinearForm(
      input: a, inputZeroPoint: node.input(2), layout: current.order.last == current.rank - 1 ? current : .identity(rank: current.rank),
      inputImage: [1, rows, 1, weights.dimensions[0]], outputImage: [1, rows, 1, weights.dimensions[1]],
      weights: weights.transposed([1, 0]).reshaped(to: [weights.dimensions[1], 1, 1, weights.dimensions[0]]), weightZeroPoint: node.input(3),
      output: node.outputs[0]
    ).lower(into: &lowering)
  }
}
