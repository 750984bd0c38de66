public import ModelGraph

/// Broadcasts a tensor to a constant shape.
public struct Expand: MovingOperator {
  public static let names = ["Expand"]

  public init(_ description: OperatorDescription) {}

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input").type.dimensions
    guard let shape = try inputs.integers(1, "shape") else { throw OperatorError(.invalid, "input 'shape' is missing") }
    let output = try broadcast([dimensions, try checked(shape)])
    let missing = output.count - dimensions.count
    let loops = output.indices.map { axis in
      let own = axis - missing
      let repeats = own < 0 || dimensions[own] == 1 && output[axis] != 1
      return BoxCopy.Loop(output[axis], input: (max(own, 0), repeats ? 0 : 1), output: (axis, 1))
    }
    let copy = BoxCopy(
      inputStart: [Int](repeating: 0, count: dimensions.count), outputStart: [Int](repeating: 0, count: output.count), loops: loops)
    return Movement(outputs: [output], copies: output.contains(0) ? [] : [copy])
  }
}
