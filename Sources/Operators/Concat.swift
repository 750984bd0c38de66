public import ModelGraph

/// Joins any number of tensors along one axis.
public struct Concat: MovingOperator {
  public static let names = ["Concat"]

  public var axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard description.attributes["axis"] != nil || description.opset < 4 else { throw OperatorError(.invalid, "attribute 'axis' is missing") }
    axis = Int(try description.integer("axis", default: 1))
  }

  public var quantisationRule: QuantisationRule { .sharedByAll }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let first = try inputs.required(0, "inputs").type
    let axis = try normalised(axis: axis, rank: first.dimensions.count)
    var copies: [BoxCopy] = []
    var length = 0
    for source in inputs.indices {
      let type = try inputs.required(source, "inputs").type
      var expected = first.dimensions
      guard type.dimensions.count == expected.count else { throw OperatorError(.invalid, "inputs have \(expected.count) and \(type.dimensions.count) axes") }
      expected[axis] = type.dimensions[axis]
      guard type.dimensions == expected, type.elementType == first.elementType else {
        throw OperatorError(.invalid, "inputs \(first.dimensions) and \(type.dimensions) don't join along axis \(axis)")
      }
      var start = [Int](repeating: 0, count: expected.count)
      start[axis] = length
      copies.append(.box(type.dimensions, source: source, to: start))
      length += type.dimensions[axis]
    }
    var dimensions = first.dimensions
    dimensions[axis] = length
    return Movement(outputs: [try checked(dimensions)], copies: copies)
  }
}
