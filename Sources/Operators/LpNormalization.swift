public import ModelGraph
import Tensors

/// x ÷ its norm along one axis: the sum of magnitudes (`p` 1) or the euclidean norm (2). What has the norm 0 stays 0.
public struct LpNormalization: DecomposedOperator {
  public static let names = ["LpNormalization"]

  public var axis: Int
  public var power: Int64

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -1))
    power = try description.integer("p", default: 2)
    guard power == 1 || power == 2 else { throw OperatorError(.invalid, "attribute 'p' is \(power), not 1 or 2") }
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "input").type
    let computed = try x.elementType.computed("input")
    let axis = try normalised(axis: axis, rank: x.dimensions.count)
    var parts = Composition()
    let input = try parts.converted(.input(0), from: x.elementType, to: computed)
    let norm: Composition.Source
    if power == 1 {
      norm = try parts.total(of: parts.function(.absolute, of: input), over: [axis])
    } else {
      norm = parts.add(try ReduceL2(.plain("ReduceL2", ["axes": .integers([Int64(axis)])])), input)
    }
    let divisor = parts.function(.clamp, alpha: .leastNormalMagnitude, beta: .infinity, of: norm)
    parts.outputs = [try parts.converted(parts.quotient(input, divisor), from: computed, to: x.elementType)]
    return parts
  }
}
