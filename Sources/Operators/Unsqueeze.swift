public import ModelGraph

/// Adds axes of one element at places counted in the result; attribute before operator set 13, input since.
public struct Unsqueeze: ReshapingOperator {
  public static let names = ["Unsqueeze"]

  public var axes: [Int]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = description.opset < 13 ? try description.integers("axes") : nil
  }

  public func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int] {
    var dimensions = try inputs.required(0, "data").type.dimensions
    guard let named = try inputs.integers(1, "axes", unless: axes) else { throw OperatorError(.invalid, "'axes' is missing") }
    for axis in try normalised(axes: named, rank: dimensions.count + named.count) { dimensions.insert(1, at: axis) }
    return dimensions
  }
}
