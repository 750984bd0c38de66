public import ModelGraph
public import Tensors

/// Writes new entries into a cache of sequences, from a place of its own in each batch: behind each other, or around in a circle.
public struct TensorScatter: Operator {
  public static let names = ["TensorScatter"]

  private let axis: Int
  private let isCircular: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -2))
    let mode = try description.string("mode", default: "linear")
    guard mode == "linear" || mode == "circular" else { throw OperatorError(.invalid, "attribute 'mode' is '\(mode)'") }
    isCircular = mode == "circular"
  }

  private func sequenceAxis(_ inputs: [OperatorInput?]) throws(OperatorError) -> Int {
    let cache = try inputs.required(0, "past_cache").type
    let update = try inputs.required(1, "update").type
    let axis = try normalised(axis: axis, rank: cache.dimensions.count)
    guard axis > 0 else { throw OperatorError(.invalid, "'axis' names the batch") }
    var expected = cache.dimensions
    if update.dimensions.count == expected.count { expected[axis] = update.dimensions[axis] }
    guard update == TensorType(cache.elementType, expected), expected[axis] <= cache.dimensions[axis] else {
      throw OperatorError(.invalid, "update \(update.dimensions) doesn't fit the cache \(cache.dimensions)")
    }
    if inputs.count > 2, let starts = inputs[2]?.type.dimensions, starts != [cache.dimensions[0]] {
      throw OperatorError(.invalid, "'write_indices' \(starts) doesn't fit \(cache.dimensions[0]) batches")
    }
    return axis
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    _ = try sequenceAxis(inputs)
    return [try inputs.required(0, "past_cache").type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let axis = try sequenceAxis(inputs.asInputs)
    let (cache, update) = (try inputs.required(0, "past_cache"), try inputs.required(1, "update"))
    let starts = (inputs.count > 2 ? inputs[2] : nil)?.integers() ?? [Int64](repeating: 0, count: cache.dimensions[0])
    let (length, added) = (cache.dimensions[axis], update.dimensions[axis])
    let inner = cache.dimensions[(axis + 1)...].elementCount
    let perBatch = cache.dimensions[1..<axis].elementCount
    var targets: [Int] = []
    for (batch, start) in starts.enumerated() {
      guard 0..<Int64(max(length, 1)) ~= start, isCircular || Int(start) + added <= length else {
        throw OperatorError(.invalid, "'write_indices' writes \(added) entries from \(start) on into a cache of \(length)")
      }
      for outer in batch * perBatch..<(batch + 1) * perBatch {
        for entry in 0..<added {
          let place = (outer * length + (Int(start) + entry) % length) * inner
          targets += place..<place + inner
        }
      }
    }
    return [try ScatterReduction.none.applied(update, at: targets, to: cache)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
