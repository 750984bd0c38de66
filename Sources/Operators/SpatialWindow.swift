public import ModelFormat
public import ModelGraph

/// The sliding window of convolutions and pools, as ONNX declares it: kernel, strides, dilations, and padding explicit or by
/// rule.
public struct SpatialWindow: Equatable, Sendable {
  public enum AutomaticPadding: String, Sendable {
    case none = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"
  }

  public var kernel: [Int]?
  public var strides: [Int]?
  public var dilations: [Int]?
  public var pads: [Int]?
  public var automatic: AutomaticPadding
  public var roundsUp: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    kernel = try description.integers("kernel_shape")
    strides = try description.integers("strides")
    dilations = try description.integers("dilations")
    pads = try description.integers("pads")
    roundsUp = try description.integer("ceil_mode", default: 0) != 0
    let rule = try description.string("auto_pad", default: "NOTSET")
    guard let automatic = AutomaticPadding(rawValue: rule) else { throw OperatorError(.invalid, "attribute 'auto_pad' is '\(rule)'") }
    self.automatic = automatic
  }

  /// The window applied to an input, one or two axes; one axis lies as the width of an image of height 1.
  public struct Resolved: Equatable, Sendable {
    public var kernel: HeightWidth
    public var strides: HeightWidth
    public var dilations: HeightWidth
    public var padding: Padding
    /// Spatial dimensions of the output, as many as the input has.
    public var output: [Int]
  }

  /// - Parameters: kernel: extents for each spatial axis; input: likewise.
  public func resolved(kernel: [Int], input: [Int]) throws(OperatorError) -> Resolved {
    let axes = input.count
    let strides = strides ?? [Int](repeating: 1, count: axes)
    let dilations = dilations ?? [Int](repeating: 1, count: axes)
    let pads = pads ?? [Int](repeating: 0, count: 2 * axes)
    guard axes == 1 || axes == 2 else { throw OperatorError(.unsupported, "has \(axes) spatial axes; 1 and 2 are supported") }
    guard kernel.count == axes, strides.count == axes, dilations.count == axes, pads.count == 2 * axes else {
      throw OperatorError(.invalid, "kernel, strides, dilations and pads don't fit \(axes) spatial axes")
    }
    let all = kernel + strides + dilations
    guard all.allSatisfy({ 1...65536 ~= $0 }), pads.allSatisfy({ 0...65536 ~= $0 }) else {
      throw OperatorError(.invalid, "kernel, strides, dilations or pads are out of range (negative pads are not supported)")
    }
    var output: [Int] = []
    var begin: [Int] = []
    var end: [Int] = []
    for axis in 0..<axes {
      let extent = dilations[axis] * (kernel[axis] - 1) + 1
      let (before, after) = padding(axis, pads: pads, axes: axes, extent: extent, stride: strides[axis], input: input[axis])
      let room = input[axis] + before + after - extent
      guard room >= 0 else { throw OperatorError(.invalid, "a window of \(extent) is larger than the padded input of \(input[axis] + before + after)") }
      var count = room / strides[axis] + 1
      // The last window of a rounded-up output must begin inside the input or its leading padding.
      if roundsUp, room % strides[axis] != 0, count * strides[axis] < input[axis] + before { count += 1 }
      output.append(count)
      begin.append(before)
      end.append(after)
    }
    let pair = { (values: [Int], fill: Int) in axes == 1 ? HeightWidth(Int32(fill), Int32(values[0])) : HeightWidth(Int32(values[0]), Int32(values[1])) }
    return Resolved(
      kernel: pair(kernel, 1), strides: pair(strides, 1), dilations: pair(dilations, 1),
      padding: Padding(
        top: pair(begin, 0).height, left: pair(begin, 0).width, bottom: pair(end, 0).height, right: pair(end, 0).width), output: output)
  }

  private func padding(_ axis: Int, pads: [Int], axes: Int, extent: Int, stride: Int, input: Int) -> (Int, Int) {
    switch automatic {
    case .none: return (pads[axis], pads[axes + axis])
    case .valid: return (0, 0)
    case .sameUpper, .sameLower:
      let total = max(0, ((input + stride - 1) / stride - 1) * stride + extent - input)
      return automatic == .sameUpper ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
    }
  }
}
