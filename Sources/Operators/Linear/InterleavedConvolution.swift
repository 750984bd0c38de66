import ModelFormat
import ModelGraph
import Tensors

/// A transposed convolution over one or two axes as a convolution without stride.
///
/// Output element `q·s + r` of an axis depends on the input elements `q + (r + before − tap·dilation)/s` only: for each phase `r` a
/// convolution of the input itself, with every s-th tap of the kernel. All phases are computed as channels of one convolution and copied
/// to their places. Nothing is multiplied with inserted zeros, but for taps that some phases lack. (Known as sub-pixel convolution:
/// W. Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016.)
struct InterleavedConvolution {
  /// One axis as a convolution.
  private struct Phased {
    var axis: TransposedWindow.Axis
    /// Lowest and number of input positions that any phase reads, relative to `q`.
    var lowest: Int
    var taps: Int
    /// Positions `q`.
    var count: Int

    init(_ axis: TransposedWindow.Axis) {
      self.axis = axis
      let reads = (0..<axis.stride).flatMap { phase in (0..<axis.kernel).compactMap { Self.shift(axis, phase: phase, tap: $0) } }
      lowest = min(reads.min() ?? 0, 0)
      taps = max(reads.max() ?? 0, 0) - lowest + 1
      count = (axis.output + axis.stride - 1) / axis.stride
    }

    private static func shift(_ axis: TransposedWindow.Axis, phase: Int, tap: Int) -> Int? {
      let distance = phase + axis.before - tap * axis.dilation
      return distance % axis.stride == 0 ? distance / axis.stride : nil
    }

    /// The kernel's taps that stand at the places of a phase's convolution.
    func taps(of phase: Int) -> [Int?] {
      var places = [Int?](repeating: nil, count: taps)
      for tap in 0..<axis.kernel {
        if let shift = Self.shift(axis, phase: phase, tap: tap) { places[shift - lowest] = tap }
      }
      return places
    }
  }

  private let rows: Phased
  private let columns: Phased
  private let groups: Int
  private let batch: Int
  private let channels: Int
  /// Output channels of a group.
  private let ownOutputs: Int

  private var phases: Int { rows.axis.stride * columns.axis.stride }

  /// The most elements that the weights may have once every phase has its own, or else this many times what they had.
  private static let largestWeights = 1 << 24
  private static let largestGrowth = 4

  init(_ window: TransposedWindow, input x: [Int], weights w: [Int], groups: Int) throws(OperatorError) {
    guard window.axes.count <= 2 else {
      throw OperatorError(.unsupported, "convolves \(window.axes.count) spatial axes backwards; 1 and 2 are supported")
    }
    let axes = window.axes.count == 1 ? [TransposedWindow.Axis(kernel: 1, stride: 1, dilation: 1, before: 0, input: 1, output: 1)] + window.axes : window.axes
    // Before the phases are planned one by one: strides and kernels come from a file.
    guard axes.allSatisfy({ $0.stride * $0.kernel <= 1 << 16 }) else { throw OperatorError(.unsupported, "has strides and a kernel too large to interleave") }
    (rows, columns) = (Phased(axes[0]), Phased(axes[1]))
    self.groups = groups
    (batch, channels, ownOutputs) = (x[0], x[1], w[1])
    let weights = [groups * ownOutputs, rows.axis.stride, columns.axis.stride, rows.taps, columns.taps, channels / groups]
    guard let count = weights.checkedElementCount, count <= max(Self.largestWeights, Self.largestGrowth * w.elementCount),
      max(rows.taps, columns.taps) <= SpatialWindow.extents.upperBound
    else {
      throw OperatorError(.unsupported, "would take weights of \(weights)")
    }
    let pads = [padding.top, padding.left, padding.bottom, padding.right]
    guard pads.allSatisfy({ SpatialWindow.paddings ~= Int($0) }) else { throw OperatorError(.unsupported, "would take paddings of \(pads)") }
    _ = try checked(sumsImage)
  }

  var inputImage: [Int] { [batch, rows.axis.input, columns.axis.input, channels] }
  var sumsImage: [Int] { [batch, rows.count, columns.count, groups * phases * ownOutputs] }

  var padding: Padding {
    let after = { (axis: Phased) in max(0, axis.count - 1 + axis.lowest + axis.taps - axis.axis.input) }
    return Padding(top: Int32(-rows.lowest), left: Int32(-columns.lowest), bottom: Int32(after(rows)), right: Int32(after(columns)))
  }

  /// ONNX's weights `[C,O/groups,…]` as `[groups·phases·O/groups, rows, columns, C/groups]`.
  func weights(_ given: HostTensor) -> HostTensor {
    let own = channels / groups
    let taps = rows.axis.kernel * columns.axis.kernel
    var offsets: [Int] = []
    for group in 0..<groups {
      for phase in 0..<phases {
        let (rowPhase, columnPhase) = (phase / columns.axis.stride, phase % columns.axis.stride)
        let (rowTaps, columnTaps) = (rows.taps(of: rowPhase), columns.taps(of: columnPhase))
        for output in 0..<ownOutputs {
          for row in rowTaps {
            for column in columnTaps {
              for channel in 0..<own {
                guard let row, let column else {
                  offsets.append(-1)
                  continue
                }
                offsets.append(((group * own + channel) * ownOutputs + output) * taps + row * columns.axis.kernel + column)
              }
            }
          }
        }
      }
    }
    return given.picking(offsets, dimensions: [groups * phases * ownOutputs, rows.taps, columns.taps, own])
  }

  /// For each channel of the sums its output channel.
  private var outputChannels: [Int] {
    (0..<groups).flatMap { group in (0..<phases).flatMap { _ in (0..<ownOutputs).map { group * ownOutputs + $0 } } }
  }

  func repeated(_ bias: HostTensor) -> HostTensor { bias.picking(outputChannels, dimensions: [outputChannels.count]) }
  func repeated(_ scales: [Float]) -> [Float] { outputChannels.map { scales[$0] } }

  /// nil where there is one phase only: the sums are the output.
  var rearrangement: (dimensions: [Int], move: (inout Lowering, TensorIndex, TensorIndex) -> Void)? {
    guard phases > 1 else { return nil }
    return (
      sumsImage,
      { lowering, sums, output in
        for row in Self.blocks(rows) {
          for column in Self.blocks(columns) { move(row, column, sums, output, &lowering) }
        }
      }
    )
  }

  /// The whole blocks of phases along an axis, and the last one where it is cut short: positions and phases.
  private static func blocks(_ axis: Phased) -> [(first: Int, count: Int, phases: Int)] {
    let rest = axis.axis.output % axis.axis.stride
    let whole = axis.axis.output / axis.axis.stride
    return [(0, whole, axis.axis.stride), (whole, 1, rest)].filter { $0.1 > 0 && $0.2 > 0 }
  }

  private func move(
    _ row: (first: Int, count: Int, phases: Int), _ column: (first: Int, count: Int, phases: Int), _ sums: TensorIndex, _ output: TensorIndex,
    _ lowering: inout Lowering
  ) {
    let (depth, outputs) = (groups * phases * ownOutputs, groups * ownOutputs)
    let (width, outputWidth) = (columns.count, columns.axis.output)
    let (rowStride, columnStride) = (rows.axis.stride, columns.axis.stride)
    lowering.emitMove(
      [batch, row.count, row.phases, column.count, column.phases, groups, ownOutputs], from: sums,
      [rows.count * width * depth, width * depth, columnStride * ownOutputs, depth, ownOutputs, phases * ownOutputs, 1],
      offset: (row.first * width + column.first) * depth, to: output,
      [rows.axis.output * outputWidth * outputs, rowStride * outputWidth * outputs, outputWidth * outputs, columnStride * outputs, outputs, ownOutputs, 1],
      offset: (row.first * rowStride * outputWidth + column.first * columnStride) * outputs)
  }
}
