public import ModelGraph

/// Repeats a tensor a constant number of times along each axis.
public struct Tile: MovingOperator {
  public static let names = ["Tile"]

  public init(_ description: OperatorDescription) {}

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input").type.dimensions
    guard let repeats = try inputs.integers(1, "repeats") else { throw OperatorError(.invalid, "input 'repeats' is missing") }
    guard repeats.count == dimensions.count, repeats.allSatisfy({ 0...largestElementCount ~= $0 }) else {
      throw OperatorError(.invalid, "'repeats' is \(repeats) for \(dimensions.count) axes")
    }
    guard dimensions.allSatisfy({ $0 <= largestElementCount }) else { throw OperatorError(.invalid, "dimensions \(dimensions) are too large") }
    let output = try checked(zip(dimensions, repeats).map { $0 * $1 })
    let loops = dimensions.indices.flatMap { axis in
      [
        BoxCopy.Loop(repeats[axis], input: (axis, 0), output: (axis, dimensions[axis])),
        BoxCopy.Loop(dimensions[axis], input: (axis, 1), output: (axis, 1)),
      ]
    }
    let origin = [Int](repeating: 0, count: dimensions.count)
    return Movement(outputs: [output], copies: output.contains(0) ? [] : [BoxCopy(inputStart: origin, outputStart: origin, loops: loops)])
  }
}
