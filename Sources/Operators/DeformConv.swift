public import ModelGraph
public import Tensors

/// Deformable convolution over two axes: each tap of the kernel is read where an offset moves it to, between elements linearly, and weighed
/// by a mask. Inputs: x `[N,C,H,W]`, weights `[O,C/groups,kH,kW]`, offsets `[N,offsetGroups·kH·kW·2,oH,oW]` (row, column), optional bias
/// `[O]`, optional mask `[N,offsetGroups·kH·kW,oH,oW]`. (J. Dai et al., "Deformable convolutional networks", 2017.)
public struct DeformConv: Operator {
  public static let names = ["DeformConv"]

  private let window: SpatialWindow
  private let groups: Int
  private let offsetGroups: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    window = try SpatialWindow(description)
    groups = Int(clamping: try description.integer("group", default: 1))
    offsetGroups = Int(clamping: try description.integer("offset_group", default: 1))
    guard 1...Int(Int32.max) ~= groups, 1...Int(Int32.max) ~= offsetGroups else {
      throw OperatorError(.invalid, "attributes 'group' and 'offset_group' are \(groups) and \(offsetGroups)")
    }
  }

  public var tolerance: Float { 2e-5 }

  private func resolved(_ inputs: [OperatorInput?]) throws(OperatorError) -> SpatialWindow.Resolved {
    let x = try inputs.required(0, "X").type.dimensions
    let w = try inputs.required(1, "W").type.dimensions
    let offset = try inputs.required(2, "offset").type.dimensions
    guard x.count == 4, w.count == 4 else { throw OperatorError(.unsupported, "convolves \(x.count - 2) spatial axes; 2 are supported") }
    guard x[1] % groups == 0, w[1] == x[1] / groups, w[0] % groups == 0, x[1] % offsetGroups == 0 else {
      throw OperatorError(.invalid, "weights \(w) in \(groups) groups, offsets in \(offsetGroups), don't fit the input \(x)")
    }
    let spatial = try window.resolved(kernel: Array(w[2...]), input: Array(x[2...]))
    guard let taps = [offsetGroups, w[2], w[3], 2].checkedElementCount, offset == [x[0], taps] + spatial.output else {
      throw OperatorError(.invalid, "offsets \(offset) don't fit an output of \(spatial.output)")
    }
    if inputs.count > 3, let bias = inputs[3]?.type.dimensions, bias != [w[0]] { throw OperatorError(.invalid, "bias \(bias) doesn't fit \(w[0]) channels") }
    if inputs.count > 4, let mask = inputs[4]?.type.dimensions, mask != [x[0], taps / 2] + spatial.output {
      throw OperatorError(.invalid, "mask \(mask) doesn't fit the offsets \(offset)")
    }
    return spatial
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let spatial = try resolved(inputs)
    let x = try inputs.required(0, "X").type
    return [TensorType(x.elementType, try checked([x.dimensions[0], try inputs.required(1, "W").type.dimensions[0]] + spatial.output))]
  }

  /// Each tap is sampled between four elements for every input channel.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let w = inputs.dimensions(1), let output = try? outputTypes(for: inputs).first?.dimensions, let channels = inputs.dimensions(0)?[1] else {
      return EvaluationCost()
    }
    return EvaluationCost(stepsOf: [output[0], output[2], output[3], channels, w[2], w[3], 4 + w[0] / groups])
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let axes = try resolved(inputs.asInputs).axes
    let (x, w) = (try inputs.required(0, "X"), try inputs.required(1, "W"))
    let (source, kernel, offset) = (x.doubles(), w.doubles(), try inputs.required(2, "offset").doubles())
    let bias = inputs.count > 3 ? inputs[3]?.doubles() : nil
    let mask = inputs.count > 4 ? inputs[4]?.doubles() : nil
    let channels = x.dimensions[1]
    let (ownChannels, ownOutputs) = (channels / groups, dimensions[1] / groups)
    let extents = Array(x.dimensions[2...])
    let (plane, places) = (extents.reduce(1, *), dimensions[2] * dimensions[3])
    let taps = axes[0].kernel * axes[1].kernel
    var result = [Double](repeating: 0, count: dimensions.elementCount)
    if let bias { for index in result.indices { result[index] = bias[index / places % dimensions[1]] } }
    forEachIndex([x.dimensions[0], channels, taps, dimensions[2], dimensions[3]]) { index in
      let (image, channel, tap, place) = (index[0], index[1], index[2], index[3] * dimensions[3] + index[4])
      let row = (image * offsetGroups + channel / (channels / offsetGroups)) * taps + tap
      let at = [
        Double(index[3] * axes[0].stride - axes[0].before + tap / axes[1].kernel * axes[0].dilation) + offset[2 * row * places + place],
        Double(index[4] * axes[1].stride - axes[1].before + tap % axes[1].kernel * axes[1].dilation) + offset[(2 * row + 1) * places + place],
      ]
      let value = linearSample(source[((image * channels + channel) * plane)...].prefix(plane), extents, at: at) * (mask?[row * places + place] ?? 1)
      let group = channel / ownChannels
      for output in group * ownOutputs..<(group + 1) * ownOutputs {
        result[(image * dimensions[1] + output) * places + place] += value * kernel[(output * ownChannels + channel % ownChannels) * taps + tap]
      }
    }
    return [HostTensor(doubles: result, as: x.elementType, dimensions: dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(.unsupported, "reads at places that only exist at run time, which has no instruction")
  }
}
