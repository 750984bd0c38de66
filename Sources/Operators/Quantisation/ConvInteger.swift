import ModelFormat
public import ModelGraph
public import Tensors

/// Convolution of 8-bit integers to int32, exact: inputs x, weights, and their zero points (the weights' one, or one an output channel).
/// Padding counts as the zero point.
public struct ConvInteger: Operator {
  public static let names = ["ConvInteger"]

  private let convolution: Conv

  public init(_ description: OperatorDescription) throws(OperatorError) { convolution = try Conv(description.inner("Conv")) }

  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (x, w) = (try inputs.required(0, "x").type, try inputs.required(1, "w").type)
    guard x.elementType.isEightBitInteger, w.elementType.isEightBitInteger else {
      throw OperatorError(.invalid, "convolves \(x.elementType.name) with \(w.elementType.name)")
    }
    let zeros = (inputs.count > 2 ? inputs[2]?.type.elementCount : nil, inputs.count > 3 ? inputs[3]?.type.elementCount : nil)
    guard zeros.0 ?? 1 == 1, zeros.1 ?? 1 == 1 || zeros.1 == w.dimensions.first else {
      throw OperatorError(.invalid, "has \(zeros.0 ?? 0) and \(zeros.1 ?? 0) zero points")
    }
    return [TensorType(.int32, try convolution.outputTypes(for: Array(inputs[..<2]))[0].dimensions)]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .convolution(inputs, output: try? outputTypes(for: inputs)) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    _ = try outputTypes(for: inputs.asInputs)
    let (x, w) = (try inputs.required(0, "x"), try inputs.required(1, "w"))
    let spatial = try convolution.window.resolved(kernel: Array(w.dimensions[2...]), input: Array(x.dimensions[2...]))
    let plain = PlainConvolution(
      x: x.shifted(by: inputs.count > 2 ? inputs[2] : nil, axis: 0), weights: w.shifted(by: inputs.count > 3 ? inputs[3] : nil, axis: 0), bias: nil,
      spatial: spatial, groups: convolution.groups)
    // Whole numbers are exact in double precision up to 2^53.
    let sums = plain.run().values(as: Double.self).map { Int32(truncatingIfNeeded: Int64($0)) }
    return [HostTensor(sums, dimensions: [x.dimensions[0], w.dimensions[0]] + spatial.output)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let w = node.input(1), let weights = lowering.graph[w].constant else {
      throw OperatorError(.unsupported, "weights are computed by the model; only constant weights are supported")
    }
    let (from, to) = (lowering.dimensions(of: x), lowering.dimensions(of: node.outputs[0]))
    let spatial = try convolution.window.resolved(kernel: Array(weights.dimensions[2...]), input: Array(from[2...]))
    let images = try LinearImages(spatial, input: from, weights: weights.dimensions, output: to, groups: convolution.groups)
    guard images.preparation == nil else { throw OperatorError(.unsupported, "convolves a volume of integers; images and lines are supported") }
    try IntegerLinearForm(
      input: x, inputZeroPoint: node.input(2), layout: .channelsLast(rank: from.count), inputImage: images.input, outputImage: images.output,
      weights: weights.transposed(images.weightOrder).reshaped(to: images.weights), weightZeroPoint: node.input(3),
      output: node.outputs[0], strides: spatial.strides, dilations: spatial.dilations, padding: spatial.padding, groups: Int32(convolution.groups)
    ).lower(into: &lowering)
  }
}

extension HostTensor {
  /// Integers less their zero point, which is one for all or one a position along the axis, in float64.
  func shifted(by zeroPoint: HostTensor?, axis: Int) -> HostTensor {
    guard let zeroPoint else { return converted(to: .float64) }
    let zeros = zeroPoint.integers()
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let values = integers().enumerated().map { index, value in
      Double(value - (zeros.count == 1 ? zeros[0] : zeros[index / max(inner, 1) % max(dimensions[axis], 1)]))
    }
    return HostTensor(values, dimensions: dimensions)
  }
}
