import ModelFormat
public import ModelGraph
public import Tensors

/// The p-norm of the elements under a sliding window.
public struct LpPool: Operator {
  public static let names = ["LpPool"]

  private let window: SpatialWindow
  private let norm: PowerNorm

  public init(_ description: OperatorDescription) throws(OperatorError) {
    window = try SpatialWindow(description)
    norm = try PowerNorm(description)
  }

  public var tolerance: Float { 2e-5 }
  public var prefersChannelsLast: Bool { true }

  private var pool: PoolingWindow { PoolingWindow(window: window, kind: .average) }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    return [TensorType(x.elementType, try pool.outputDimensions(x.dimensions))]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .window(window.kernel, output: try? outputTypes(for: inputs)) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    return [
      try pool.evaluate(x) { [norm] taps, source, base, _ in
        norm.root(taps.reduce(0) { $0 + norm.term(source[base + $1.input]) })
      }
    ]
  }

  /// Sums under windows are depthwise convolutions with ones.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try lowering.requireFloat(x)
    let dimensions = lowering.dimensions(of: x)
    let spatial = try pool.resolved(dimensions)
    // The weights of each step below: those of the image, then those of each line whose channels are all that lies behind it.
    try checkTable([dimensions[1]] + spatial.axes.suffix(2).map(\.kernel))
    for axis in spatial.axes.indices.dropLast(2) {
      try checkTable([dimensions[1], spatial.axes[axis].kernel] + spatial.axes[(axis + 1)...].map(\.output))
    }
    let layout = Layout.channelsLast(rank: dimensions.count)
    let terms = norm.emitTerms(of: lowering.operand(x, layout: layout, as: .plain), into: &lowering)
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    let sums = lowering.addTensor(like: output, dimensions: lowering.tensors[Int(output)].dimensions)
    lowering.emitWindows(spatial, batch: dimensions[0], channels: dimensions[1], from: terms, to: sums) { lowering, step in
      let count = step.channels * step.rows.kernel * step.columns.kernel
      let ones = HostTensor([Float](repeating: 1, count: count), dimensions: [step.channels, step.rows.kernel, step.columns.kernel, 1])
      return .convolution(
        Convolution(
          input: step.input, weights: lowering.addConstant(ones, name: "ones"), output: step.output, strides: step.strides, dilations: step.dilations,
          padding: step.padding, groups: Int32(step.channels)))
    }
    norm.emitRoot(of: sums, to: output, into: &lowering)
  }
}
