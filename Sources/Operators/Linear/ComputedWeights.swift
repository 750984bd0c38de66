import ModelFormat
import ModelGraph
import Tensors

/// A convolution whose weights exist at run time only, over one or two axes in float: the elements under each window are copied into a row,
/// and the rows multiplied with the weights.
struct ComputedWeightsConvolution {
  let spatial: SpatialWindow.Resolved
  let input: ValueID
  let weights: ValueID
  let bias: ValueID?
  let output: ValueID
  let groups: Int
  let epilogue: Epilogue
  let residual: ValueID?

  /// The most copies and products that one node may become.
  private static let mostSteps = 4096

  func lower(into lowering: inout Lowering) throws(OperatorError) {
    let (x, w) = (lowering.dimensions(of: input), lowering.dimensions(of: weights))
    guard spatial.axes.count <= 2 else {
      throw OperatorError(.unsupported, "weights over \(spatial.axes.count) axes are computed by the model; only constant ones are supported there")
    }
    let (rows, columns) = (spatial.axes.count == 2 ? spatial.axes[0] : .single, spatial.axes[spatial.axes.count - 1])
    let (outputs, own) = (w[0] / groups, w[1])
    let places = x[0] * rows.output * columns.output
    let depth = rows.kernel * columns.kernel * own
    guard groups * rows.kernel * columns.kernel <= Self.mostSteps, try checked([places, depth]).elementCount <= Int(Int32.max) else {
      throw OperatorError(.unsupported, "weights are computed by the model, and its windows are too many to copy")
    }
    let image = lowering.operand(input, layout: .channelsLast(rank: x.count), as: .plain)
    let order = Layout([0] + Array(2..<w.count) + [1])
    let kernel = lowering.addView(of: lowering.operand(weights, layout: order, as: .plain), dimensions: [w[0], depth])
    let result = lowering.result(output, layout: .channelsLast(rank: x.count), as: .plain)
    let steps = steps(rank: x.count, in: &lowering)
    let sums = steps.isEmpty ? result : lowering.addTensor(like: result, dimensions: [places, w[0]])
    for group in 0..<groups {
      let windows = lowering.addTensor(name: "windows", elementType: .float32, dimensions: [places, depth])
      gather(rows, columns, from: image, channels: x[1], batch: x[0], first: group * own, count: own, to: windows, &lowering)
      let part = groups == 1 ? kernel : lowering.addTensor(name: "weights", elementType: .float32, dimensions: [outputs, depth])
      if groups > 1 {
        lowering.emitMove([outputs * depth], from: kernel, [1], offset: group * outputs * depth, to: part, [1], offset: 0)
      }
      let product = groups == 1 ? sums : lowering.addTensor(name: "sums", elementType: .float32, dimensions: [places, outputs])
      lowering.emit(
        .matrixProduct(
          MatrixProduct(
            left: windows, right: part, output: product, batch: 1, m: Int32(places), n: Int32(outputs), k: Int32(depth), leftBatchStride: 0,
            rightBatchStride: 0, isRightTransposed: true)))
      if groups > 1 {
        lowering.emitMove([places, outputs], from: product, [outputs, 1], offset: 0, to: sums, [w[0], 1], offset: group * outputs)
      }
    }
    var current = sums
    for (position, step) in steps.enumerated() {
      let isLast = position == steps.count - 1
      let next = isLast ? lowering.addView(of: result, dimensions: [places, w[0]]) : lowering.addTensor(like: result, dimensions: [places, w[0]])
      lowering.emit(step(current, next))
      current = next
    }
  }

  private typealias Step = (_ input: TensorIndex, _ output: TensorIndex) -> Instruction

  /// What follows the sums: bias, function, residual, bounds.
  private func steps(rank: Int, in lowering: inout Lowering) -> [Step] {
    var steps: [Step] = []
    let add = { (addend: TensorIndex) -> Step in { .binary(Binary(operation: .add, left: $0, right: addend, output: $1)) } }
    let map = { (function: UnaryFunction, alpha: Float, beta: Float) -> Step in
      { .unary(Unary(function: function, alpha: alpha, beta: beta, input: $0, output: $1)) }
    }
    if let bias { steps.append(add(lowering.operand(bias, layout: .identity(rank: 1), as: .plain))) }
    if epilogue.function != .identity { steps.append(map(epilogue.function, epilogue.alpha, epilogue.beta)) }
    if let residual {
      let tensor = lowering.operand(residual, layout: .channelsLast(rank: rank), as: .plain)
      let channels = lowering.dimensions(of: output)[1]
      let rows = lowering.dimensions(of: output).elementCount / max(channels, 1)
      steps.append(add(lowering.addView(of: tensor, dimensions: [rows, channels])))
    }
    if epilogue.lower > -.infinity || epilogue.upper < .infinity { steps.append(map(.clamp, epilogue.lower, epilogue.upper)) }
    return steps
  }

  /// Emits one copy for each element of the window; what lies outside the image is zero.
  private func gather(
    _ rows: SpatialWindow.Axis, _ columns: SpatialWindow.Axis, from image: TensorIndex, channels: Int, batch: Int, first: Int, count: Int,
    to windows: TensorIndex, _ lowering: inout Lowering
  ) {
    lowering.emit(.fill(Fill(output: windows, pattern: 0)))
    let depth = rows.kernel * columns.kernel * count
    for row in 0..<rows.kernel {
      for column in 0..<columns.kernel {
        let (down, across) = (rows.places(of: row), columns.places(of: column))
        let source =
          (down.lowerBound * rows.stride + row * rows.dilation - rows.before) * columns.input
          + across.lowerBound * columns.stride + column * columns.dilation - columns.before
        guard !down.isEmpty, !across.isEmpty else { continue }
        lowering.emitMove(
          [batch, down.count, across.count, count], from: image,
          [rows.input * columns.input * channels, rows.stride * columns.input * channels, columns.stride * channels, 1],
          offset: source * channels + first, to: windows,
          [rows.output * columns.output * depth, columns.output * depth, depth, 1],
          offset: (down.lowerBound * columns.output + across.lowerBound) * depth + (row * columns.kernel + column) * count)
      }
    }
  }
}

extension SpatialWindow.Axis {
  /// The output positions at which one element of the window lies inside the input.
  func places(of tap: Int) -> Range<Int> {
    let inside = (0..<output).filter { 0..<input ~= $0 * stride + tap * dilation - before }
    return (inside.first ?? 0)..<(inside.last ?? -1) + 1
  }
}
