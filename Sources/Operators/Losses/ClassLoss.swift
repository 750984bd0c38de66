public import ModelGraph
import Tensors

/// How the losses of classification are taken together, and which class doesn't count.
public struct LossReduction: Equatable, Sendable {
  public enum Kind: String, Sendable { case none, sum, mean }
  public var kind: Kind
  public var ignored: Int64?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let name = try description.string("reduction", default: "mean")
    guard let kind = Kind(rawValue: name) else { throw OperatorError(.invalid, "attribute 'reduction' is '\(name)'") }
    self.kind = kind
    ignored = description.attributes["ignore_index"] == nil ? nil : try description.integer("ignore_index", default: 0)
  }
}

extension Composition {
  /// `−weight[t] × x[n, t, …]`, t the target class of each place, reduced; inputs x `[N,C,…]`, target `[N,…]`, optional weight
  /// `[C]`. What is ignored, and a target that is no class, adds nothing; a mean divides by the sum of weights.
  mutating func classLoss(
    of x: Source, _ inputs: [OperatorInput?], computed: ElementType, _ reduction: LossReduction
  ) throws(OperatorError) -> Source {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let target = try inputs.required(1, "target").type
    guard dimensions.count >= 2, target.dimensions == [dimensions[0]] + dimensions[2...], !target.elementType.isFloatingPoint else {
      throw OperatorError(.invalid, "target \(target.dimensions) of \(target.elementType.name) doesn't fit x \(dimensions)")
    }
    let classes = dimensions[1]
    guard classes <= 1 << 24 else { throw OperatorError(.unsupported, "has \(classes) classes") }
    let shape = [1, classes] + [Int](repeating: 1, count: dimensions.count - 2)
    let numbers = HostTensor((0..<Int64(classes)).map { $0 }, dimensions: shape).converted(to: target.elementType)
    let places = try reshaped(.input(1), to: [dimensions[0], 1] + dimensions[2...])
    var isTarget = add(Equal(.plain("Equal")), places, .constant(numbers))
    if let ignored = reduction.ignored, 0..<Int64(classes) ~= ignored {
      let counts = HostTensor(elementType: .bool, dimensions: shape, bytes: (0..<classes).map { Int64($0) == ignored ? 0 : 1 })
      isTarget = add(And(.plain("And")), isTarget, .constant(counts))
    }
    let zero = Source.constant(HostTensor([Float(0)], dimensions: []).converted(to: computed))
    let weights = try classWeights(inputs, classes: classes, shape: shape, computed: computed)
    let chosen = try total(of: add(Where(.plain("Where")), isTarget, x, zero), over: [1], keepsAxes: false)
    let weight = try total(of: add(Where(.plain("Where")), isTarget, weights, zero), over: [1], keepsAxes: false)
    let loss = function(.negate, of: product(chosen, weight))
    let all = Array(target.dimensions.indices)
    switch reduction.kind {
    case .none: return loss
    case .sum: return try total(of: loss, over: all, keepsAxes: false)
    case .mean: return quotient(try total(of: loss, over: all, keepsAxes: false), try total(of: weight, over: all, keepsAxes: false))
    }
  }

  private mutating func classWeights(
    _ inputs: [OperatorInput?], classes: Int, shape: [Int], computed: ElementType
  ) throws(OperatorError) -> Source {
    guard let weight = inputs.count > 2 ? inputs[2] : nil else {
      return .constant(HostTensor([Float](repeating: 1, count: classes), dimensions: shape).converted(to: computed))
    }
    guard weight.type.dimensions == [classes] else {
      throw OperatorError(.invalid, "input 'weight' is \(weight.type.dimensions), not [\(classes)]")
    }
    return try reshaped(try converted(.input(2), from: weight.type.elementType, to: computed), to: shape)
  }
}
