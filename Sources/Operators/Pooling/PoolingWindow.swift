import ModelFormat
import ModelGraph
import Tensors

/// What maximum and average pools over one or two spatial axes share.
struct PoolingWindow: Sendable {
  var window: SpatialWindow
  var kind: Pooling.Kind
  var countsPadding = false

  func resolved(_ x: [Int]) throws(OperatorError) -> SpatialWindow.Resolved {
    guard let kernel = window.kernel else { throw OperatorError(.invalid, "attribute 'kernel_shape' is missing") }
    guard x.count == 3 || x.count == 4 else { throw OperatorError(.unsupported, "pools \(x.count - 2) spatial axes; 1 and 2 are supported") }
    return try window.resolved(kernel: kernel, input: Array(x[2...]))
  }

  func outputDimensions(_ x: [Int]) throws(OperatorError) -> [Int] {
    let spatial = try resolved(x)
    return [x[0], x[1]] + spatial.output
  }

  /// Plain evaluation, one plane after the other; one spatial axis is the width of an image of height 1.
  func evaluate(_ x: HostTensor) throws(OperatorError) -> HostTensor {
    let spatial = try resolved(x.dimensions)
    let output = try outputDimensions(x.dimensions)
    let (height, width) = x.dimensions.count == 3 ? (1, x.dimensions[2]) : (x.dimensions[2], x.dimensions[3])
    let (outputHeight, outputWidth) = output.count == 3 ? (1, output[2]) : (output[2], output[3])
    let source = x.floats()
    var result: [Float] = []
    for plane in 0..<x.dimensions[0] * x.dimensions[1] {
      for row in 0..<outputHeight {
        let rows = positions(row, spatial.kernel.height, spatial.strides.height, spatial.dilations.height, spatial.padding.top, spatial.padding.bottom, height)
        for column in 0..<outputWidth {
          let columns = positions(
            column, spatial.kernel.width, spatial.strides.width, spatial.dilations.width, spatial.padding.left, spatial.padding.right, width)
          let values = rows.inside.flatMap { y in columns.inside.map { source[(plane * height + y) * width + $0] } }
          result.append(pooled(values, covered: rows.covered * columns.covered))
        }
      }
    }
    return HostTensor(result, dimensions: output).converted(to: x.elementType)
  }

  private func pooled(_ values: [Float], covered: Int) -> Float {
    switch kind {
    case .maximum: values.reduce(-.infinity) { $1.isNaN ? $1 : max($0, $1) }
    case .average: Float(values.reduce(0.0) { $0 + Double($1) } / Double(max(countsPadding ? covered : values.count, 1)))
    }
  }

  /// The input positions under a window along one axis, and how many lie in the input or its declared padding.
  private func positions(
    _ index: Int, _ kernel: Int32, _ stride: Int32, _ dilation: Int32, _ before: Int32, _ after: Int32, _ length: Int
  ) -> (inside: [Int], covered: Int) {
    let all = (0..<Int(kernel)).map { index * Int(stride) + $0 * Int(dilation) - Int(before) }
    return (all.filter { 0..<length ~= $0 }, all.count { $0 < length + Int(after) })
  }

  func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    let y = node.outputs[0]
    let spatial = try resolved(lowering.dimensions(of: x))
    let layout = Layout.channelsLast(rank: lowering.dimensions(of: x).count)
    let (from, to) = try lowering.reducingForms(of: x, to: y, keepsQuantisation: kind == .maximum)
    let image = { (d: [Int]) in d.count == 3 ? [d[0], 1, d[2], d[1]] : [d[0], d[2], d[3], d[1]] }
    let input = lowering.operand(x, layout: layout, as: from)
    let output = lowering.result(y, layout: layout, as: to)
    lowering.emit(
      .pooling(
        Pooling(
          kind: kind, input: lowering.addView(of: input, dimensions: image(lowering.dimensions(of: x))),
          output: lowering.addView(of: output, dimensions: image(lowering.dimensions(of: y))), kernel: spatial.kernel, strides: spatial.strides,
          dilations: spatial.dilations, padding: spatial.padding, countsPadding: countsPadding)))
  }
}

extension Lowering {
  /// The forms in which a pool or a reduction reads and writes: 8 bits of one type where both sides have them (or where a
  /// selection keeps the input's), else float.
  func reducingForms(of x: ValueID, to y: ValueID, keepsQuantisation: Bool) throws(OperatorError) -> (Representation, Representation) {
    if let from = stored(of: x) {
      if keepsQuantisation { return (.stored(from), .stored(from)) }
      if let to = graph[y].stored, to.elementType == from.elementType { return (.stored(from), .stored(to)) }
    }
    try requireFloat(x)
    return (.plain, .plain)
  }
}
