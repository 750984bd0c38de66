import ModelFormat
public import ModelGraph
public import Tensors

/// Convolution over any number of spatial axes (lowered: up to three), grouped and depthwise included. Inputs: x `[N,C,…]`, weights `[O,C/groups,…]`,
/// optional bias `[O]`, and the residual where the epilogue has one.
public struct Conv: Operator, FusedOperator {
  public static let names = ["Conv"]

  public var window: SpatialWindow
  public var groups: Int
  public var epilogue = Epilogue()

  public init(_ description: OperatorDescription) throws(OperatorError) {
    window = try SpatialWindow(description)
    let groups = try description.integer("group", default: 1)
    guard groups >= 1, groups <= Int32.max else { throw OperatorError(.invalid, "attribute 'group' is \(groups), not positive") }
    self.groups = Int(groups)
  }

  public var tolerance: Float { 2e-5 }
  public var quantisationRule: QuantisationRule { .ownRange }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard inputs.count >= 2, let x = inputs[0]?.type, let w = inputs[1]?.type else { throw OperatorError(.invalid, "needs x and weights") }
    guard x.dimensions.count == w.dimensions.count, x.dimensions.count >= 3 else {
      throw OperatorError(.invalid, "weights \(w.dimensions) don't fit the input \(x.dimensions)")
    }
    guard w.dimensions[1].multipliedReportingOverflow(by: groups) == (x.dimensions[1], false), w.dimensions[0] % groups == 0 else {
      throw OperatorError(.invalid, "weights \(w.dimensions) in \(groups) groups don't fit \(x.dimensions[1]) channels")
    }
    if inputs.count > 2, let bias = inputs[2]?.type.dimensions, bias != [w.dimensions[0]] {
      throw OperatorError(.invalid, "bias \(bias) doesn't fit \(w.dimensions[0]) output channels")
    }
    let spatial = try window.resolved(kernel: Array(w.dimensions[2...]), input: Array(x.dimensions[2...]))
    return [TensorType(x.elementType, try checked([x.dimensions[0], w.dimensions[0]] + spatial.output))]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .convolution(inputs, output: try? outputTypes(for: inputs)) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    _ = try outputTypes(for: inputs.asInputs)
    let (x, w) = (try inputs.required(0, "X"), try inputs.required(1, "W"))
    let spatial = try window.resolved(kernel: Array(w.dimensions[2...]), input: Array(x.dimensions[2...]))
    let sums = PlainConvolution(x: x, weights: w, bias: inputs.count > 2 ? inputs[2] : nil, spatial: spatial, groups: groups).run()
    guard epilogue != Epilogue() else { return [sums] }
    var values = sums.values(as: Float.self).map { epilogue.function($0, alpha: epilogue.alpha, beta: epilogue.beta) }
    if epilogue.hasResidual, let residual = inputs.last ?? nil {
      values = zip(values, residual.floats()).map { $0 + $1 }
    }
    return [HostTensor(values.map { min(max($0, epilogue.lower), epilogue.upper) }, dimensions: sums.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let w = node.input(1) else { throw OperatorError(.invalid, "needs x and weights") }
    for input in node.inputs.compactMap({ $0 }) { try lowering.requireFloat(input) }
    let bias = node.input(2).flatMap { lowering.graph[$0] }
    guard let weights = lowering.graph[w].constant, bias == nil || bias?.constant != nil else { return try lowerComputed(node, into: &lowering) }
    let rank = weights.dimensions.count
    let (from, to) = (lowering.dimensions(of: x), lowering.dimensions(of: node.outputs[0]))
    let spatial = try window.resolved(kernel: Array(weights.dimensions[2...]), input: Array(from[2...]))
    let images = try LinearImages(spatial, input: from, weights: weights.dimensions, output: to, groups: groups)
    var form = LinearForm(
      input: x, layout: .channelsLast(rank: rank), inputImage: images.input, outputImage: images.output,
      weights: weights.transposed(images.weightOrder).reshaped(to: images.weights),
      integerWeights: lowering.graph[w].quantisedConstant?.symmetricWeights(outputAxis: 0, order: images.weightOrder).map {
        ($0.values.reshaped(to: images.weights), $0.scales)
      },
      bias: bias?.constant, integerBias: bias?.quantisedConstant?.symmetricBias,
      residual: epilogue.hasResidual ? node.inputs[node.inputs.count - 1] : nil, output: node.outputs[0], epilogue: epilogue,
      strides: spatial.strides, dilations: spatial.dilations, padding: spatial.padding, groups: Int32(groups))
    form.preparation = images.preparation
    if needsSteps(in: lowering), !form.isInteger(in: lowering) { return try lowerInSteps(node, into: &lowering) }
    form.lower(into: &lowering)
  }

  /// Weights or a bias that exist at run time only.
  private func lowerComputed(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    if needsSteps(in: lowering) { return try lowerInSteps(node, into: &lowering) }
    guard let x = node.input(0), let w = node.input(1) else { throw OperatorError(.invalid, "needs x and weights") }
    let window = try window.resolved(kernel: Array(lowering.dimensions(of: w)[2...]), input: Array(lowering.dimensions(of: x)[2...]))
    try ComputedWeightsConvolution(
      spatial: window, input: x, weights: w, bias: node.input(2), output: node.outputs[0], groups: groups, epilogue: epilogue,
      residual: epilogue.hasResidual ? node.inputs[node.inputs.count - 1] : nil
    )
    .lower(into: &lowering)
  }
}
