public import ModelGraph

/// A matrix: the axes before `axis` make the rows, the others the columns.
public struct Flatten: ReshapingOperator {
  public static let names = ["Flatten"]

  public var axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 1))
  }

  public func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int] {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let axis = self.axis == dimensions.count ? dimensions.count : try normalised(axis: axis, rank: max(dimensions.count, 1))
    return [Array(dimensions[..<axis]).elementCount, Array(dimensions[axis...]).elementCount]
  }
}
