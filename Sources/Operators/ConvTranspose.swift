import ModelFormat
public import ModelGraph
public import Tensors

/// Transposed convolution over any number of spatial axes (lowered: one or two). Inputs: x `[N,C,…]`, weights `[C,O/groups,…]`, optional
/// bias `[O]`. Each input element adds its multiple of the kernel to the output, `strides` apart.
public struct ConvTranspose: Operator {
  public static let names = ["ConvTranspose"]

  private let window: SpatialWindow
  private let groups: Int
  private let outputPadding: [Int]?
  private let outputShape: [Int]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    window = try SpatialWindow(description)
    let groups = try description.integer("group", default: 1)
    guard 1...Int64(Int32.max) ~= groups else { throw OperatorError(.invalid, "attribute 'group' is \(groups)") }
    self.groups = Int(groups)
    outputPadding = try description.integers("output_padding")
    outputShape = try description.integers("output_shape")
  }

  public var tolerance: Float { 2e-5 }
  public var quantisationRule: QuantisationRule { .ownRange }
  public var prefersChannelsLast: Bool { true }

  private func geometry(_ inputs: [OperatorInput?]) throws(OperatorError) -> TransposedWindow {
    let x = try inputs.required(0, "X").type.dimensions
    let w = try inputs.required(1, "W").type.dimensions
    guard x.count >= 3, w.count == x.count, w[0] == x[1], x[1] % groups == 0, !w[1].multipliedReportingOverflow(by: groups).overflow else {
      throw OperatorError(.invalid, "weights \(w) in \(groups) groups don't fit the input \(x)")
    }
    if inputs.count > 2, let bias = inputs[2]?.type.dimensions, bias != [w[1] * groups] {
      throw OperatorError(.invalid, "bias \(bias) doesn't fit \(w[1] * groups) output channels")
    }
    if let kernel = window.kernel, kernel != Array(w[2...]) { throw OperatorError(.invalid, "attribute 'kernel_shape' \(kernel) doesn't fit the weights \(w)") }
    return try TransposedWindow(window, kernel: Array(w[2...]), input: Array(x[2...]), outputPadding: outputPadding, outputShape: outputShape)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let geometry = try geometry(inputs)
    let x = try inputs.required(0, "X").type
    let w = try inputs.required(1, "W").type
    return [TensorType(x.elementType, try checked([x.dimensions[0], w.dimensions[1] * groups] + geometry.axes.map(\.output)))]
  }

  /// Each element of the input adds its multiple of a kernel.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let x = inputs.dimensions(0), let w = inputs.dimensions(1), w.count >= 2 else { return EvaluationCost() }
    return EvaluationCost(stepsOf: x + w[1...])
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let geometry = try geometry(inputs.asInputs)
    let (x, w) = (try inputs.required(0, "X"), try inputs.required(1, "W"))
    let (source, kernel) = (x.doubles(), w.doubles())
    let plane = dimensions[2...].reduce(1, *)
    let (channels, outputs) = (x.dimensions[1], dimensions[1])
    let (ownChannels, ownOutputs) = (channels / groups, outputs / groups)
    let (inputPlane, taps) = (x.dimensions[2...].reduce(1, *), w.dimensions[2...].reduce(1, *))
    var result = [Double](repeating: 0, count: dimensions.elementCount)
    if inputs.count > 2, let bias = inputs[2]?.doubles() { for index in result.indices { result[index] = bias[index / plane % outputs] } }
    var position = 0
    forEachIndex(geometry.axes.map(\.input)) { index in
      let reached = geometry.reached(from: index)
      for image in 0..<x.dimensions[0] {
        for channel in 0..<channels {
          let value = source[(image * channels + channel) * inputPlane + position]
          let firstOutput = image * outputs + channel / ownChannels * ownOutputs
          for o in 0..<ownOutputs {
            for tap in reached { result[(firstOutput + o) * plane + tap.output] += value * kernel[(channel * ownOutputs + o) * taps + tap.kernel] }
          }
        }
      }
      position += 1
    }
    return [HostTensor(doubles: result, as: x.elementType, dimensions: dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let w = node.input(1), let weights = lowering.graph[w].constant else {
      throw OperatorError(.unsupported, "weights are computed by the model; only constant weights are supported")
    }
    for input in node.inputs.compactMap({ $0 }) { try lowering.requireFloat(input) }
    let bias = node.input(2).flatMap { lowering.graph[$0] }
    if let bias, bias.constant == nil { throw OperatorError(.unsupported, "bias is computed by the model; only a constant bias is supported") }
    let phases = try InterleavedConvolution(
      try geometry(lowering.inputs(of: node)), input: lowering.dimensions(of: x), weights: weights.dimensions, groups: groups)
    var form = LinearForm(
      input: x, layout: .channelsLast(rank: weights.dimensions.count), inputImage: phases.inputImage, outputImage: phases.sumsImage,
      weights: phases.weights(weights), bias: bias?.constant.map(phases.repeated), output: node.outputs[0], epilogue: Epilogue())
    form.padding = phases.padding
    form.groups = Int32(groups)
    let asGiven = Array(weights.dimensions.indices)
    if let own = lowering.graph[w].quantisedConstant, let integers = own.symmetricWeights(outputAxis: groups == 1 ? 1 : -1, order: asGiven) {
      form.integerWeights = (phases.weights(integers.values), integers.scales.count == 1 ? integers.scales : phases.repeated(integers.scales))
    }
    if let own = bias?.quantisedConstant?.symmetricBias {
      form.integerBias = (phases.repeated(own.values), own.scales.count == 1 ? own.scales : phases.repeated(own.scales))
    }
    form.rearrangement = phases.rearrangement
    form.lower(into: &lowering)
  }
}
