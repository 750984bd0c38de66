public import ModelGraph
import Tensors

/// The upper or the lower triangle of each matrix, from the k-th diagonal on; zero elsewhere.
public struct Trilu: MovingOperator {
  public static let names = ["Trilu"]

  private let isUpper: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    isUpper = try description.integer("upper", default: 1) != 0
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input").type.dimensions
    guard dimensions.count >= 2 else { throw OperatorError(.invalid, "\(dimensions) is no matrix") }
    let (rows, columns) = (dimensions[dimensions.count - 2], dimensions[dimensions.count - 1])
    let given = try inputs.integers(1, "k") ?? [0]
    guard given.count == 1 else { throw OperatorError(.invalid, "input 'k' is not a single number") }
    // A diagonal far outside is as good as one just outside.
    let diagonal = min(max(given[0], -rows - 1), columns + 1)
    var copies: [BoxCopy] = []
    for row in 0..<(dimensions.contains(0) ? 0 : rows) {
      let edge = min(max(row + diagonal + (isUpper ? 0 : 1), 0), columns)
      let kept = isUpper ? edge..<columns : 0..<edge
      guard !kept.isEmpty else { continue }
      if var last = copies.last, last.inputStart[dimensions.count - 1] == kept.lowerBound, last.loops[dimensions.count - 1].extent == kept.count,
        last.inputStart[dimensions.count - 2] + last.loops[dimensions.count - 2].extent == row
      {
        last.loops[dimensions.count - 2].extent += 1
        copies[copies.count - 1] = last
        continue
      }
      var copy = BoxCopy.box(dimensions)
      (copy.inputStart[dimensions.count - 2], copy.loops[dimensions.count - 2].extent) = (row, 1)
      (copy.inputStart[dimensions.count - 1], copy.loops[dimensions.count - 1].extent) = (kept.lowerBound, kept.count)
      copy.outputStart = copy.inputStart
      copies.append(copy)
    }
    return Movement(outputs: [dimensions], copies: copies, fill: HostTensor([Float(0)], dimensions: []))
  }
}
