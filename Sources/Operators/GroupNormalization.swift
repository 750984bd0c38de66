public import ModelGraph
import Tensors

/// Each sample's channels in groups, standardised over a group's channels and all spatial axes, then `× scale + bias`: one of
/// each a group in operator set 18, a channel since 21.
public struct GroupNormalization: DecomposedOperator {
  public static let names = ["GroupNormalization"]

  public var groups: Int
  public var epsilon: Float
  public var scalesGroups: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    groups = Int(try description.integer("num_groups", default: 0))
    epsilon = try description.float("epsilon", default: 1e-5)
    scalesGroups = description.opset < 21
    let stash = try description.integer("stash_type", default: 1)
    guard stash == 1 else { throw OperatorError(.unsupported, "attribute 'stash_type' is \(stash); only 1 (float32) is supported") }
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    guard x.dimensions.count >= 2, x.elementCount > 0, groups > 0, x.dimensions[1] % groups == 0 else {
      throw OperatorError(.invalid, "attribute 'num_groups' is \(groups) for x \(x.dimensions)")
    }
    return try .normalising(inputs, groups: groups, epsilon: epsilon, scalesGroups: scalesGroups)
  }
}

extension Composition {
  /// Standardises groups of channels, each with its spatial axes. Inputs: x `[N,C,…]`, scale and bias `[groups]` or `[C]`.
  static func normalising(_ inputs: [OperatorInput?], groups: Int, epsilon: Float, scalesGroups: Bool) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    let computed = try x.elementType.computed("X")
    let factors = scalesGroups ? groups : x.dimensions[1]
    var parts = Composition()
    let input = try parts.converted(.input(0), from: x.elementType, to: computed)
    let grouped = try parts.reshaped(input, to: [x.dimensions[0], groups, x.elementCount / (x.dimensions[0] * groups)])
    let values = try parts.standardised(grouped, over: [2], epsilon: epsilon).values
    let shape = scalesGroups ? [1, groups, 1] : [1, factors] + [Int](repeating: 1, count: x.dimensions.count - 2)
    var y = scalesGroups ? values : try parts.reshaped(values, to: x.dimensions)
    for (position, name) in [(1, "scale"), (2, "bias")] {
      let type = try inputs.required(position, name).type
      guard type.dimensions == [factors] else { throw OperatorError(.invalid, "input '\(name)' is \(type.dimensions), not [\(factors)]") }
      let factor = try parts.reshaped(try parts.converted(.input(position), from: type.elementType, to: computed), to: shape)
      y = position == 1 ? parts.product(y, factor) : parts.sum(y, factor)
    }
    if scalesGroups { y = try parts.reshaped(y, to: x.dimensions) }
    parts.outputs = [try parts.converted(y, from: computed, to: x.elementType)]
    return parts
  }
}
