public import ModelGraph

/// Gives a tensor the dimensions of a constant shape: 0 keeps an axis (unless `allowzero`), one −1 takes what remains.
public struct Reshape: ReshapingOperator {
  public static let names = ["Reshape"]

  public var allowsZero: Bool
  /// From the attribute that operator sets before 5 had.
  public var shape: [Int]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    allowsZero = try description.integer("allowzero", default: 0) != 0
    shape = try description.integers("shape")
  }

  public func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int] {
    let type = try inputs.required(0, "data").type
    guard var shape = try inputs.integers(1, "shape", unless: shape) else { throw OperatorError(.invalid, "input 'shape' is missing") }
    for axis in shape.indices where shape[axis] == 0 && !allowsZero {
      guard axis < type.dimensions.count else { throw OperatorError(.invalid, "'shape' \(shape) keeps axis \(axis), which \(type.dimensions) doesn't have") }
      shape[axis] = type.dimensions[axis]
    }
    let open = shape.indices.filter { shape[$0] == -1 }
    guard open.count <= 1 else { throw OperatorError(.invalid, "'shape' \(shape) leaves more than one axis open") }
    if let axis = open.first {
      shape[axis] = 1
      let known = try checked(shape).elementCount
      guard known > 0, type.elementCount % known == 0 else { throw OperatorError(.invalid, "\(type.dimensions) doesn't divide into \(shape)") }
      shape[axis] = type.elementCount / known
    }
    return shape
  }
}
