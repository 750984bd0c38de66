public import ModelGraph

/// Turns around the beginning of each sequence of a batch, as far as its constant length says; the rest stays.
public struct ReverseSequence: MovingOperator {
  public static let names = ["ReverseSequence"]

  private let batchAxis: Int
  private let timeAxis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    batchAxis = Int(try description.integer("batch_axis", default: 1))
    timeAxis = Int(try description.integer("time_axis", default: 0))
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let batch = try normalised(axis: batchAxis, rank: dimensions.count, "batch_axis")
    let time = try normalised(axis: timeAxis, rank: dimensions.count, "time_axis")
    guard let lengths = try inputs.integers(1, "sequence_lens") else { throw OperatorError(.invalid, "input 'sequence_lens' is missing") }
    guard batch != time, lengths.count == dimensions[batch], lengths.allSatisfy({ 0...dimensions[time] ~= $0 }) else {
      throw OperatorError(.invalid, "lengths \(lengths) don't fit \(dimensions) with sequences along axis \(time) and batches along axis \(batch)")
    }
    var copies: [BoxCopy] = []
    for (entry, length) in lengths.enumerated() {
      var copy = BoxCopy.box(dimensions)
      (copy.inputStart[batch], copy.outputStart[batch], copy.loops[batch].extent) = (entry, entry, 1)
      (copy.inputStart[time], copy.outputStart[time], copy.loops[time].extent) = (length, length, dimensions[time] - length)
      if length < dimensions[time] { copies.append(copy) }
      (copy.inputStart[time], copy.outputStart[time]) = (length - 1, 0)
      copy.loops[time] = .init(length, input: (time, -1), output: (time, 1))
      if length > 0 { copies.append(copy) }
    }
    return Movement(outputs: [dimensions], copies: dimensions.contains(0) ? [] : copies)
  }
}
