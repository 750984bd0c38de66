public import ModelGraph

/// Drops axes of one element: those named (attribute before operator set 13, input since), or all.
public struct Squeeze: ReshapingOperator {
  public static let names = ["Squeeze"]

  public var axes: [Int]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = description.opset < 13 ? try description.integers("axes") : nil
  }

  public func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int] {
    let dimensions = try inputs.required(0, "data").type.dimensions
    guard let named = try inputs.integers(1, "axes", unless: axes) else { return dimensions.filter { $0 != 1 } }
    let axes = try normalised(axes: named, rank: dimensions.count)
    if let wrong = axes.first(where: { dimensions[$0] != 1 }) { throw OperatorError(.invalid, "axis \(wrong) of \(dimensions) has more than one element") }
    return dimensions.indices.filter { !axes.contains($0) }.map { dimensions[$0] }
  }
}
