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

  /// The window along one spatial axis.
  public struct Axis: Equatable, Sendable {
    public var kernel: Int
    public var stride: Int
    public var dilation: Int
    /// Padding on both sides.
    public var before: Int
    public var after: Int
    /// Extents of input and output.
    public var input: Int
    public var output: Int

    /// The elements of the window that lie inside the input, at one position of the output.
    public func taps(at index: Int) -> [(tap: Int, position: Int)] {
      let start = index * stride - before
      let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
      let last = start >= input ? 0 : min(kernel, (input - 1 - start) / dilation + 1)
      return first < last ? (first..<last).map { ($0, start + $0 * dilation) } : []
    }

    /// How many of its elements lie inside the input or its declared padding.
    func coveredCount(at index: Int) -> Int {
      let room = input + after - 1 - (index * stride - before)
      return room < 0 ? 0 : min(kernel, room / dilation + 1)
    }
  }

  /// The window applied to an input.
  public struct Resolved: Equatable, Sendable {
    public var axes: [Axis]

    /// Spatial dimensions of the output, as many as the input has.
    public var output: [Int] { axes.map(\.output) }

    // One or two axes as the kernels see them: one lies as the width of an image of height 1.
    public var kernel: HeightWidth { pair(\.kernel, 1) }
    public var strides: HeightWidth { pair(\.stride, 1) }
    public var dilations: HeightWidth { pair(\.dilation, 1) }
    public var padding: Padding {
      let (begin, end) = (pair(\.before, 0), pair(\.after, 0))
      return Padding(top: begin.height, left: begin.width, bottom: end.height, right: end.width)
    }

    private func pair(_ value: (Axis) -> Int, _ fill: Int) -> HeightWidth {
      HeightWidth(Int32(axes.count == 1 ? fill : value(axes[axes.count - 2])), Int32(value(axes[axes.count - 1])))
    }
  }

  /// The most spatial axes that a window has.
  static let mostAxes = 6

  /// Extents and steps that leave room for products of a few of them.
  static let extents = 1...65536
  static let paddings = 0...65536

  /// - Parameters: kernel: extents for each spatial axis; input: likewise.
  public func resolved(kernel: [Int], input: [Int]) throws(OperatorError) -> Resolved {
    let axes = input.count
    let strides = strides ?? [Int](repeating: 1, count: axes)
    let dilations = dilations ?? [Int](repeating: 1, count: axes)
    let pads = pads ?? [Int](repeating: 0, count: 2 * axes)
    guard 1...Self.mostAxes ~= axes else { throw OperatorError(.unsupported, "has \(axes) spatial axes; 1 to \(Self.mostAxes) are supported") }
    guard kernel.count == axes, strides.count == axes, dilations.count == axes, pads.count == 2 * axes else {
      throw OperatorError(.invalid, "kernel, strides, dilations and pads don't fit \(axes) spatial axes")
    }
    guard (kernel + strides + dilations).allSatisfy(Self.extents.contains), pads.allSatisfy(Self.paddings.contains) else {
      throw OperatorError(.invalid, "kernel, strides, dilations or pads are out of range (negative pads are not supported)")
    }
    var resolved: [Axis] = []
    for axis in 0..<axes {
      let extent = dilations[axis] * (kernel[axis] - 1) + 1
      let (before, after) = padding(axis, pads: pads, axes: axes, extent: extent, stride: strides[axis], input: input[axis])
      let room = input[axis] + before + after - extent
      guard room >= 0 else { throw OperatorError(.invalid, "a window of \(extent) is larger than the padded input of \(input[axis] + before + after)") }
      var count = room / strides[axis] + 1
      // The last window of a rounded-up output must begin inside the input or its leading padding.
      if roundsUp, room % strides[axis] != 0, count * strides[axis] < input[axis] + before { count += 1 }
      resolved.append(
        Axis(
          kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis], before: before, after: after, input: input[axis], output: count))
    }
    return Resolved(axes: resolved)
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

/// Calls `body` with each index of a grid, the last axis fastest.
func forEachIndex(_ extents: [Int], _ body: ([Int]) -> Void) {
  guard !extents.contains(where: { $0 <= 0 }) else { return }
  var index = [Int](repeating: 0, count: extents.count)
  while true {
    body(index)
    var axis = extents.count - 1
    while axis >= 0 {
      index[axis] += 1
      if index[axis] < extents[axis] { break }
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}

extension SpatialWindow.Resolved {
  /// The elements under the window at one output position: for each the offset in one plane of the input and in the kernel.
  func taps(at index: [Int]) -> [(input: Int, kernel: Int)] {
    var taps = [(input: 0, kernel: 0)]
    for (axis, position) in zip(axes, index) {
      let own = axis.taps(at: position)
      taps = taps.flatMap { tap in own.map { (tap.input * axis.input + $0.position, tap.kernel * axis.kernel + $0.tap) } }
    }
    return taps
  }
}
