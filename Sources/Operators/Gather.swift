public import ModelGraph

/// Takes the entries of one axis that constant indices name.
public struct Gather: MovingOperator {
  public static let names = ["Gather"]

  public var axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 0))
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "data").type.dimensions
    let axis = try normalised(axis: axis, rank: dimensions.count)
    let shape = try inputs.required(1, "indices").type.dimensions
    let output = try checked(Array(dimensions[..<axis]) + shape + Array(dimensions[(axis + 1)...]))
    guard let indices = try inputs.integers(1, "indices") else { throw OperatorError(.invalid, "input 'indices' is missing") }
    let entries = try indices.map { (index) throws(OperatorError) in try Self.entry(index, of: dimensions[axis]) }
    // One row of the index tensor after the other; evenly stepping entries of a row move in one copy.
    let rowLength = shape.last ?? 1
    var copies: [BoxCopy] = []
    for row in 0..<(rowLength == 0 ? 0 : entries.count / rowLength) {
      for run in IndexRun.runs(of: Array(entries[row * rowLength..<(row + 1) * rowLength])) {
        copies.append(copy(run, row: row, axis: axis, dimensions: dimensions, shape: shape))
      }
    }
    return Movement(outputs: [output], copies: output.contains(0) ? [] : copies)
  }

  private static func entry(_ index: Int, of length: Int) throws(OperatorError) -> Int {
    guard index >= -length, index < length else { throw OperatorError(.invalid, "index \(index) is outside an axis of \(length)") }
    return index < 0 ? index + length : index
  }

  private func copy(_ run: IndexRun, row: Int, axis: Int, dimensions: [Int], shape: [Int]) -> BoxCopy {
    let added = shape.count - 1
    var loops = (0..<axis).map { BoxCopy.Loop(dimensions[$0], input: ($0, 1), output: ($0, 1)) }
    loops += (axis + 1..<dimensions.count).map { BoxCopy.Loop(dimensions[$0], input: ($0, 1), output: ($0 + added, 1)) }
    var inputStart = [Int](repeating: 0, count: dimensions.count)
    var outputStart = [Int](repeating: 0, count: dimensions.count + added)
    inputStart[axis] = run.first
    guard !shape.isEmpty else { return BoxCopy(inputStart: inputStart, outputStart: outputStart, loops: loops) }
    var rest = row
    for position in (0..<added).reversed() {
      outputStart[axis + position] = rest % shape[position]
      rest /= shape[position]
    }
    outputStart[axis + added] = run.position
    loops.append(BoxCopy.Loop(run.count, input: (axis, run.step), output: (axis + added, 1)))
    return BoxCopy(inputStart: inputStart, outputStart: outputStart, loops: loops)
  }
}
