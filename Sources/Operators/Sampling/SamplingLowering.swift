import ModelFormat
import ModelGraph
import Tensors

/// Emits the sampling of an image at places that exist at run time, nearest or linearly: coordinates by arithmetic on the grid, elements by
/// gathers, mixed by their fractions.
///
/// An image is padded with zeros by one element on each side where what lies outside is zero: places far outside are bounded to that border.
struct SamplingLowering {
  let interpolation: GridAxis.Interpolation
  let padding: GridPadding
  let alignsCorners: Bool
  /// Of the image and of the grid.
  let batch: Int
  let channels: Int
  let height: Int
  let width: Int
  let places: Int

  private var margin: Int { padding == .zeros ? 1 : 0 }

  /// One coordinate of all places: the element at or before it, the one behind it, and how far it lies between them.
  private struct Coordinate {
    var first: TensorIndex
    var second: TensorIndex
    var fraction: TensorIndex
  }

  /// - Parameters: image: float32 `[N,H,W,C]`; grid: float32 `[N,places,2]`, columns first.
  func emit(image: TensorIndex, grid: TensorIndex, to output: TensorIndex, into lowering: inout Lowering) throws(OperatorError) {
    let source = padded(image, &lowering)
    let columns = coordinate(of: grid, place: 0, extent: width, &lowering)
    let rows = coordinate(of: grid, place: 1, extent: height, &lowering)
    if interpolation == .nearest {
      return try gather(source, rows.first, columns.first, to: output, &lowering)
    }
    var mixed: [TensorIndex] = []
    for row in [rows.first, rows.second] {
      let left = try gathered(source, row, columns.first, &lowering)
      let right = try gathered(source, row, columns.second, &lowering)
      mixed.append(blended(left, right, by: columns.fraction, &lowering))
    }
    blend(mixed[0], mixed[1], by: rows.fraction, to: output, &lowering)
  }

  private func padded(_ image: TensorIndex, _ lowering: inout Lowering) -> TensorIndex {
    guard margin > 0 else { return image }
    let (tall, wide) = (height + 2, width + 2)
    let result = lowering.addTensor(like: image, dimensions: [batch, tall, wide, channels])
    lowering.emit(.fill(Fill(output: result, pattern: 0)))
    lowering.emitMove(
      [batch, height, width, channels], from: image, [batch, height, width, channels].rowMajorStrides, offset: 0, to: result,
      [batch, tall, wide, channels].rowMajorStrides, offset: (wide + 1) * channels)
    return result
  }

  // MARK: Coordinates

  private func coordinate(of grid: TensorIndex, place: Int, extent: Int, _ lowering: inout Lowering) -> Coordinate {
    let raw = real(&lowering)
    lowering.emitMove([batch * places], from: grid, [2], offset: place, to: raw, [1], offset: 0)
    let length = Float(extent)
    // In the steps of the plain evaluation, so that the same places are nearest.
    let shifted = affine(raw, 1, 1, &lowering)
    var x =
      alignsCorners
      ? affine(affine(shifted, 0.5, 0, &lowering), length - 1, 0, &lowering) : affine(affine(shifted, length, -1, &lowering), 0.5, 0, &lowering)
    if interpolation == .nearest { x = mapped(x, .round, &lowering) }
    if padding == .reflection { x = reflected(x, extent: extent, &lowering) }
    let (lowest, highest) = (Float(-margin), Float(extent - 1 + margin))
    x = mapped(x, .clamp, alpha: lowest, beta: highest, &lowering)
    let first = mapped(x, .floor, &lowering)
    let fraction = combined(.subtract, x, first, &lowering)
    let second = mapped(affine(first, 1, 1, &lowering), .clamp, alpha: lowest, beta: highest, &lowering)
    return Coordinate(first: affine(first, 1, Float(margin), &lowering), second: affine(second, 1, Float(margin), &lowering), fraction: fraction)
  }

  /// `lowest + range − |(x − lowest) mod 2·range − range|`
  private func reflected(_ x: TensorIndex, extent: Int, _ lowering: inout Lowering) -> TensorIndex {
    let lowest: Float = alignsCorners ? 0 : -0.5
    let range = Float(alignsCorners ? extent - 1 : extent)
    guard range > 0 else { return affine(x, 0, 0, &lowering) }
    let period = lowering.addConstant(HostTensor([2 * range], dimensions: [1, 1]), name: "period")
    let folded = real(&lowering)
    lowering.emit(.arithmetic(Arithmetic(operation: .modulo, left: affine(x, 1, -lowest, &lowering), right: period, output: folded)))
    let distance = mapped(affine(folded, 1, -range, &lowering), .absolute, &lowering)
    return affine(distance, -1, lowest + range, &lowering)
  }

  // MARK: Elements

  private func gathered(_ source: TensorIndex, _ rows: TensorIndex, _ columns: TensorIndex, _ lowering: inout Lowering) throws(OperatorError) -> TensorIndex {
    let result = lowering.addTensor(name: "samples", elementType: .float32, dimensions: [batch * places, channels])
    try gather(source, rows, columns, to: result, &lowering)
    return result
  }

  private func gather(
    _ source: TensorIndex, _ rows: TensorIndex, _ columns: TensorIndex, to output: TensorIndex, _ lowering: inout Lowering
  ) throws(OperatorError) {
    let pairs = lowering.addTensor(name: "pairs", elementType: .float32, dimensions: [batch, places, 2])
    for (place, coordinate) in [rows, columns].enumerated() {
      lowering.emitMove([batch * places], from: coordinate, [1], offset: 0, to: pairs, [2], offset: place)
    }
    let indices = lowering.addTensor(name: "places", elementType: .int32, dimensions: [batch, places, 2])
    lowering.emit(.cast(Conversion(input: pairs, output: indices)))
    try lowering.emitGather(
      source, indices, to: output, batch: batch, extents: [height + 2 * margin, width + 2 * margin], count: places, inner: channels, sharesIndices: false)
  }

  private func blended(_ a: TensorIndex, _ b: TensorIndex, by fraction: TensorIndex, _ lowering: inout Lowering) -> TensorIndex {
    let result = lowering.addTensor(name: "blend", elementType: .float32, dimensions: [batch * places, channels])
    blend(a, b, by: fraction, to: result, &lowering)
    return result
  }

  /// a + (b − a) · fraction
  private func blend(_ a: TensorIndex, _ b: TensorIndex, by fraction: TensorIndex, to output: TensorIndex, _ lowering: inout Lowering) {
    let dimensions = [batch * places, channels]
    let difference = lowering.addTensor(name: "blend", elementType: .float32, dimensions: dimensions)
    lowering.emit(.binary(Binary(operation: .subtract, left: b, right: a, output: difference)))
    let part = lowering.addTensor(name: "blend", elementType: .float32, dimensions: dimensions)
    lowering.emit(.binary(Binary(operation: .multiply, left: difference, right: fraction, output: part)))
    lowering.emit(.binary(Binary(operation: .add, left: a, right: part, output: lowering.addView(of: output, dimensions: dimensions))))
  }

  // MARK: Arithmetic on one coordinate of all places

  private func real(_ lowering: inout Lowering) -> TensorIndex {
    lowering.addTensor(name: "coordinate", elementType: .float32, dimensions: [batch * places, 1])
  }

  private func mapped(_ x: TensorIndex, _ function: UnaryFunction, alpha: Float = 0, beta: Float = 0, _ lowering: inout Lowering) -> TensorIndex {
    let y = real(&lowering)
    lowering.emit(.unary(Unary(function: function, alpha: alpha, beta: beta, input: x, output: y)))
    return y
  }

  private func affine(_ x: TensorIndex, _ scale: Float, _ shift: Float, _ lowering: inout Lowering) -> TensorIndex {
    scale == 1 && shift == 0 ? x : mapped(x, .affine, alpha: scale, beta: shift, &lowering)
  }

  private func combined(_ operation: Binary.Operation, _ a: TensorIndex, _ b: TensorIndex, _ lowering: inout Lowering) -> TensorIndex {
    let y = real(&lowering)
    lowering.emit(.binary(Binary(operation: operation, left: a, right: b, output: y)))
    return y
  }
}
