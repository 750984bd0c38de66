import ModelFormat
import ModelGraph
import Tensors

/// A convolution over one to three spatial axes as the instruction sees it: images `[N,H,W,C]` and weights `[O,kH,kW,C]`.
///
/// One axis lies as the width of images of height 1. With three, each output slice is an image whose channels are the channels of all
/// slices under the window's depth, group by group: one copy for each tap along the depth gathers them, and what remains is a convolution
/// over two axes.
struct LinearImages {
  var input: [Int]
  var output: [Int]
  var weights: [Int]
  /// Order of the ONNX weights' axes in the instruction's.
  var weightOrder: [Int]
  var preparation: ((inout Lowering, TensorIndex) -> TensorIndex)?

  /// - Parameters: all dimensions as in ONNX, channels second.
  init(_ spatial: SpatialWindow.Resolved, input x: [Int], weights w: [Int], output y: [Int], groups: Int) throws(OperatorError) {
    switch x.count {
    case 3:
      (input, output, weights) = ([x[0], 1, x[2], x[1]], [y[0], 1, y[2], y[1]], [w[0], 1, w[2], w[1]])
      weightOrder = [0, 2, 1]
    case 4:
      (input, output, weights) = ([x[0], x[2], x[3], x[1]], [y[0], y[2], y[3], y[1]], [w[0], w[2], w[3], w[1]])
      weightOrder = [0, 2, 3, 1]
    case 5:
      let slices = DepthSlices(depth: spatial.axes[0], batch: x[0], plane: x[3] * x[4], channels: x[1], groups: groups)
      input = [x[0] * y[2], x[3], x[4], w[2] * x[1]]
      output = [y[0] * y[2], y[3], y[4], y[1]]
      weights = [w[0], w[3], w[4], w[2] * w[1]]
      weightOrder = [0, 3, 4, 2, 1]
      guard try checked(input).elementCount <= Int(Int32.max) else { throw OperatorError(.unsupported, "gathers \(input) of a volume") }
      preparation = { [input] lowering, tensor in slices.gather(tensor, dimensions: input, into: &lowering) }
    default: throw OperatorError(.unsupported, "convolves \(x.count - 2) spatial axes; 1 to 3 are supported")
    }
  }
}

/// The slices of a volume `[N,D,H·W,C]` under each position of a window along its depth.
private struct DepthSlices {
  var depth: SpatialWindow.Axis
  var batch: Int
  var plane: Int
  var channels: Int
  var groups: Int

  /// Emits the copies into a tensor `[N·oD,H,W,groups·kD·C/groups]`; what lies outside the volume is zero.
  func gather(_ volume: TensorIndex, dimensions: [Int], into lowering: inout Lowering) -> TensorIndex {
    let (own, stacked) = (channels / groups, depth.kernel * channels)
    let result = lowering.addTensor(like: volume, dimensions: dimensions)
    let isCovered = (0..<depth.output).allSatisfy { depth.taps(at: $0).count == depth.kernel }
    if !isCovered { lowering.emit(.fill(Fill(output: result, pattern: lowering.zeroPattern(of: result)))) }
    for tap in 0..<depth.kernel {
      let places = (0..<depth.output).filter { position in 0..<depth.input ~= position * depth.stride + tap * depth.dilation - depth.before }
      guard let first = places.first else { continue }
      let source = first * depth.stride + tap * depth.dilation - depth.before
      lowering.emitMove(
        [batch, places.count, plane, groups, own], from: volume,
        [depth.input * plane * channels, depth.stride * plane * channels, channels, own, 1], offset: source * plane * channels, to: result,
        [depth.output * plane * stacked, plane * stacked, stacked, depth.kernel * own, 1], offset: first * plane * stacked + tap * own)
    }
    return result
  }
}

extension Lowering {
  /// The bit pattern of 0: a quantised tensor's zero point.
  func zeroPattern(of tensor: TensorIndex) -> UInt64 {
    UInt64(UInt8(truncatingIfNeeded: tensors[Int(tensor)].quantisation?.zeroPoint ?? 0))
  }
}
