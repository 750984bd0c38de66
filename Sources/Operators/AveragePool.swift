public import ModelGraph
public import Tensors

/// The mean under a sliding window; padding counts only with `count_include_pad`.
public struct AveragePool: Operator {
  public static let names = ["AveragePool"]

  private let pool: PoolingWindow

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let countsPadding = try description.integer("count_include_pad", default: 0) != 0
    pool = PoolingWindow(window: try SpatialWindow(description), kind: .average, countsPadding: countsPadding)
  }

  public var quantisationRule: QuantisationRule { .ownRange }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    try checkOverhang(x.dimensions)
    return [TensorType(x.elementType, try pool.outputDimensions(x.dimensions))]
  }

  /// ONNX 1.17 and later releases divide differently where a dilated window counts padding and reaches beyond it.
  private func checkOverhang(_ x: [Int]) throws(OperatorError) {
    guard pool.countsPadding, pool.window.roundsUp else { return }
    let overhangs = try pool.resolved(x).axes.contains { $0.dilation > 1 && $0.output > 0 && $0.coveredCount(at: $0.output - 1) < $0.kernel }
    guard !overhangs else {
      throw OperatorError(.unsupported, "'ceil_mode' with 'count_include_pad' and 'dilations': releases of ONNX disagree on how it divides")
    }
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .window(pool.window.kernel, output: try? outputTypes(for: inputs)) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { [try pool.evaluate(try inputs.required(0, "X"))] }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { try pool.lower(node, into: &lowering) }
}
