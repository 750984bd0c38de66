public import ModelGraph
public import Tensors

/// A new axis along which one element is `values[1]`, at the place that the index names, and all others `values[0]`; indices outside the
/// axis name none.
public struct OneHot: Operator {
  public static let names = ["OneHot"]

  private let axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -1))
  }

  /// Where the new axis stands and how long it is.
  private func target(_ inputs: [OperatorInput?]) throws(OperatorError) -> (axis: Int, depth: Int) {
    let indices = try inputs.required(0, "indices").type.dimensions
    guard let depth = try inputs.constant(1, "depth"), depth.elementCount == 1 else { throw OperatorError(.invalid, "input 'depth' is not a single number") }
    let length = depth.integers()[0]
    guard 1...Int64(largestElementCount) ~= length else { throw OperatorError(.invalid, "input 'depth' is \(length)") }
    let values = try inputs.required(2, "values").type.dimensions
    guard values == [2] else { throw OperatorError(.invalid, "input 'values' has the shape \(values), not [2]") }
    return (try normalised(axis: axis, rank: indices.count + 1), Int(length))
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (axis, depth) = try target(inputs)
    var dimensions = try inputs.required(0, "indices").type.dimensions
    dimensions.insert(depth, at: axis)
    return [TensorType(try inputs.required(2, "values").type.elementType, try checked(dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (axis, depth) = try target(inputs.asInputs)
    let type = try outputTypes(for: inputs.asInputs)[0]
    let indices = try inputs.required(0, "indices")
    let inner = indices.dimensions[axis...].elementCount
    var choices = [Int](repeating: 0, count: type.elementCount)
    for (place, index) in indices.integers().enumerated() where Int64(-depth)..<Int64(depth) ~= index {
      let position = Int(index < 0 ? index + Int64(depth) : index)
      choices[(place / inner * depth + position) * inner + place % inner] = 1
    }
    return [try inputs.required(2, "values").picking(choices, dimensions: type.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
