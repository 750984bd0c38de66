import ModelFormat
import ModelGraph
import Tensors

extension PoolingWindow {
  /// The largest window that the instruction takes along one axis.
  private static let largestKernel = 4096

  /// Maxima of maxima are maxima, and since a mean's count is the product of its axes' counts, means of means are means: more than two axes
  /// are pooled in steps.
  func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    let dimensions = lowering.dimensions(of: x)
    let spatial = try resolved(dimensions)
    guard spatial.axes.allSatisfy({ $0.kernel <= Self.largestKernel }) else {
      throw OperatorError(.unsupported, "pools windows of more than \(Self.largestKernel) elements along an axis")
    }
    let (from, to) = try forms(of: x, to: node.outputs[0], in: lowering)
    guard spatial.axes.count <= 2 || kind == .maximum || to == .plain else {
      throw OperatorError(.unsupported, "means over \(spatial.axes.count) axes have no 8-bit form")
    }
    let layout = Layout.channelsLast(rank: dimensions.count)
    let input = lowering.poolable(lowering.operand(x, layout: layout, as: from))
    let output = lowering.poolable(lowering.result(node.outputs[0], layout: layout, as: to))
    lowering.emitWindows(spatial, batch: dimensions[0], channels: dimensions[1], from: input, to: output) { [kind, countsPadding] _, step in
      .pooling(
        Pooling(
          kind: kind, input: step.input, output: step.output, kernel: HeightWidth(Int32(step.rows.kernel), Int32(step.columns.kernel)),
          strides: step.strides, dilations: step.dilations, padding: step.padding, countsPadding: countsPadding))
    }
  }

  /// Maxima of plain 8-bit numbers are maxima of quantised ones.
  private func forms(of x: ValueID, to y: ValueID, in lowering: Lowering) throws(OperatorError) -> (Representation, Representation) {
    if kind == .maximum, lowering.graph.type(of: x).elementType.isEightBitInteger { return (.plain, .plain) }
    return try lowering.reducingForms(of: x, to: y, keepsQuantisation: kind == .maximum)
  }
}

/// One instruction of several that take a window over many axes: an image `[N,H,W,C]` whose rows and columns it works on.
struct WindowStep {
  var input: TensorIndex
  var output: TensorIndex
  var rows: SpatialWindow.Axis
  var columns: SpatialWindow.Axis
  var channels: Int

  var strides: HeightWidth { HeightWidth(Int32(rows.stride), Int32(columns.stride)) }
  var dilations: HeightWidth { HeightWidth(Int32(rows.dilation), Int32(columns.dilation)) }
  var padding: Padding {
    Padding(top: Int32(rows.before), left: Int32(columns.before), bottom: Int32(rows.after), right: Int32(columns.after))
  }
}

extension SpatialWindow.Axis {
  /// An axis of one element that stays as it is.
  static let single = SpatialWindow.Axis(kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, input: 1, output: 1)
}

extension Lowering {
  /// Emits a separable window over any number of axes of a channels-last tensor: the last two as an image, then each other one as a line
  /// whose channels are all that lies behind it.
  mutating func emitWindows(
    _ spatial: SpatialWindow.Resolved, batch: Int, channels: Int, from input: TensorIndex, to output: TensorIndex,
    _ instruction: (inout Lowering, WindowStep) -> Instruction
  ) {
    var (current, extents) = (input, spatial.axes.map(\.input))
    let (lines, image) = (extents.indices.dropLast(2).map { [$0] }, Array(extents.indices.suffix(2)))
    for group in [image] + lines.reversed() {
      let (first, last) = (group[0], group[group.count - 1])
      let outer = batch * extents[..<first].reduce(1, *)
      let inner = extents[(last + 1)...].reduce(1, *) * channels
      let (rows, columns) = (group.count == 2 ? spatial.axes[first] : .single, spatial.axes[last])
      for axis in group { extents[axis] = spatial.axes[axis].output }
      let source = addView(of: current, dimensions: [outer, rows.input, columns.input, inner])
      let target = first == 0 ? output : addTensor(like: output, dimensions: [batch] + extents + [channels])
      let step = WindowStep(
        input: source, output: addView(of: target, dimensions: [outer, rows.output, columns.output, inner]), rows: rows, columns: columns, channels: inner)
      let emitted = instruction(&self, step)
      emit(emitted)
      current = target
    }
  }
}

extension Lowering {
  /// The tensor as an instruction for quantised values reads it: plain 8-bit numbers stand for themselves.
  fileprivate mutating func poolable(_ tensor: TensorIndex) -> TensorIndex {
    let description = tensors[Int(tensor)]
    guard description.elementType.isEightBitInteger, description.quantisation == nil else { return tensor }
    return addView(of: tensor, quantisation: Quantisation(scale: 1, zeroPoint: 0))
  }

  /// A tensor in a buffer of its own, of another one's type and quantisation.
  mutating func addTensor(like tensor: TensorIndex, dimensions: [Int]) -> TensorIndex {
    let description = tensors[Int(tensor)]
    return addTensor(
      name: description.name, elementType: description.elementType, dimensions: dimensions, quantisation: description.quantisation)
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
