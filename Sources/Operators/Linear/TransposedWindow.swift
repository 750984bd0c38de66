import ModelGraph

/// The window of a transposed convolution applied to an input.
struct TransposedWindow {
  struct Axis {
    var kernel: Int
    var stride: Int
    var dilation: Int
    /// Cut from the front of the full result; the back follows from `output`.
    var before: Int
    var input: Int
    var output: Int
  }

  var axes: [Axis]

  /// - Parameters: outputShape: spatial extents asked for, with or without batch and channels before them.
  init(_ window: SpatialWindow, kernel: [Int], input: [Int], outputPadding: [Int]?, outputShape: [Int]?) throws(OperatorError) {
    let count = input.count
    let strides = window.strides ?? [Int](repeating: 1, count: count)
    let dilations = window.dilations ?? [Int](repeating: 1, count: count)
    let pads = window.pads ?? [Int](repeating: 0, count: 2 * count)
    let added = outputPadding ?? [Int](repeating: 0, count: count)
    guard count <= SpatialWindow.mostAxes else {
      throw OperatorError(.unsupported, "has \(count) spatial axes; 1 to \(SpatialWindow.mostAxes) are supported")
    }
    guard strides.count == count, dilations.count == count, pads.count == 2 * count, added.count == count,
      outputShape.map({ $0.count == count || $0.count == count + 2 }) ?? true
    else { throw OperatorError(.invalid, "strides, dilations, pads, output_padding or output_shape don't fit \(count) spatial axes") }
    guard (kernel + strides + dilations).allSatisfy(SpatialWindow.extents.contains), (pads + added).allSatisfy(SpatialWindow.paddings.contains),
      input.allSatisfy({ $0 <= largestElementCount })
    else { throw OperatorError(.invalid, "kernel, strides, dilations, pads or output_padding are out of range") }
    axes = []
    for axis in 0..<count {
      let natural = strides[axis] * (input[axis] - 1) + added[axis] + dilations[axis] * (kernel[axis] - 1) + 1
      var (before, output) = (0, natural)
      if let wanted = outputShape?.suffix(count).dropFirst(axis).first ?? Self.rule(window.automatic, input[axis], strides[axis]) {
        let total = max(0, natural - min(max(wanted, 0), natural))
        before = window.automatic == .sameUpper ? total / 2 : total - total / 2
        output = wanted
      } else if window.automatic == .none {
        before = pads[axis]
        output = natural - pads[axis] - pads[count + axis]
      }
      axes.append(Axis(kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis], before: before, input: input[axis], output: output))
    }
    _ = try checked(axes.map(\.output))
  }

  /// The output's extent where `auto_pad` decides it.
  private static func rule(_ automatic: SpatialWindow.AutomaticPadding, _ input: Int, _ stride: Int) -> Int? {
    automatic == .sameUpper || automatic == .sameLower ? input * stride : nil
  }

  /// The elements that one input element adds to: for each its offset in one plane of the output and in the kernel.
  func reached(from index: [Int]) -> [(output: Int, kernel: Int)] {
    var taps = [(output: 0, kernel: 0)]
    for (axis, position) in zip(axes, index) {
      let own = (0..<axis.kernel).map { (tap: $0, place: position * axis.stride + $0 * axis.dilation - axis.before) }.filter { 0..<axis.output ~= $0.place }
      taps = taps.flatMap { tap in own.map { (tap.output * axis.output + $0.place, tap.kernel * axis.kernel + $0.tap) } }
    }
    return taps
  }
}
