public import ModelGraph
public import Tensors

/// The maximum under a sliding window; as second output, its position: counted through the whole tensor, row by row or (`storage_order`)
/// with the first spatial axis fastest.
public struct MaxPool: Operator {
  public static let names = ["MaxPool"]

  private let pool: PoolingWindow
  private let givesPositions: Bool
  private let countsColumnsFirst: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    pool = PoolingWindow(window: try SpatialWindow(description), kind: .maximum)
    givesPositions = description.outputCount > 1
    countsColumnsFirst = try description.integer("storage_order", default: 0) != 0
  }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .ranked }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let dimensions = try pool.outputDimensions(x.dimensions)
    return [TensorType(x.elementType, dimensions)] + (givesPositions ? [TensorType(.int64, dimensions)] : [])
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .window(pool.window.kernel, output: try? outputTypes(for: inputs)) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    return [try pool.evaluate(x)] + (givesPositions ? [try positions(x)] : [])
  }

  /// The first greatest element of each window; −1 where a window has none.
  private func positions(_ x: HostTensor) throws(OperatorError) -> HostTensor {
    let spatial = try pool.resolved(x.dimensions)
    let output = try pool.outputDimensions(x.dimensions)
    let (planes, size) = (output[0] * output[1], spatial.output.elementCount)
    let extents = Array(x.dimensions[2...])
    let plane = extents.reduce(1, *)
    let source = x.doubles()
    var result = [Int64](repeating: -1, count: planes * size)
    var position = 0
    forEachIndex(spatial.output) { index in
      let taps = spatial.taps(at: index)
      for channel in 0..<planes {
        var best: Int?
        for tap in taps where best == nil || source[channel * plane + tap.input] > source[channel * plane + best!] { best = tap.input }
        guard let best else { continue }
        result[channel * size + position] = Int64(channel * plane + (countsColumnsFirst ? Self.columnMajor(best, extents) : best))
      }
      position += 1
    }
    return HostTensor(result, dimensions: output)
  }

  /// A row-major position within a plane, counted with the first axis fastest.
  private static func columnMajor(_ position: Int, _ extents: [Int]) -> Int {
    var (rest, result, index) = (position, 0, [Int](repeating: 0, count: extents.count))
    for axis in extents.indices.reversed() {
      index[axis] = rest % extents[axis]
      rest /= extents[axis]
    }
    for axis in extents.indices.reversed() { result = result * extents[axis] + index[axis] }
    return result
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard !givesPositions else { throw OperatorError(.unsupported, "gives the positions of its maxima, which has no instruction") }
    try pool.lower(node, into: &lowering)
  }
}
