import Tensors

/// What one plain evaluation takes beyond a few steps for each element that goes in or comes out: upper bounds, `Int.max` where they overflow.
public struct EvaluationCost: Equatable, Sendable {
  public var steps: Int
  /// Of intermediate results.
  public var byteCount: Int

  public init(steps: Int = 0, byteCount: Int = 0) {
    self.steps = steps
    self.byteCount = byteCount
  }

  /// As many steps as a product says; its factors come from a file.
  public init(stepsOf factors: [Int], byteCount: Int = 0) {
    self.init(steps: factors.contains(0) ? 0 : factors.checkedSpan ?? .max, byteCount: byteCount)
  }
}

/// What the constants that a model computes may cost together while it is compiled: a few bytes can ask for gigabytes, or for years.
/// Charged before anything is made.
public struct FoldingBudget: Sendable {
  /// Constants beyond those that the model's file holds, intermediate results among them.
  public static let largestByteCount = 256 << 20
  /// Multiplications, comparisons and the like: minutes at most.
  public static let mostSteps = 1 << 33

  private var largestByteCount = Self.largestByteCount
  private var byteCount = 0
  private var stepCount = 0

  public init() {}

  /// Begins to count bytes anew, for constants that live no longer than those before them; steps go on.
  mutating func renewBytes(upTo limit: Int) { (byteCount, largestByteCount) = (0, limit) }

  /// Charges what is to be made. An empty tensor counts by its other axes, over which evaluation may go nonetheless.
  public mutating func charge(_ types: [TensorType]) throws(OperatorError) {
    for type in types {
      let span = type.dimensions.checkedSpan ?? .max
      try charge(byteCount: span.saturatingProduct(type.elementType.byteCount))
      try charge(steps: span)
    }
  }

  /// Charges an evaluation, and the walk over what it reads.
  public mutating func charge(_ cost: EvaluationCost, reading inputs: [OperatorInput?]) throws(OperatorError) {
    try charge(byteCount: cost.byteCount)
    try charge(steps: cost.steps)
    for case let input? in inputs { try charge(steps: input.type.dimensions.checkedSpan ?? .max) }
  }

  public mutating func charge(byteCount: Int) throws(OperatorError) {
    guard byteCount <= largestByteCount - self.byteCount else {
      throw OperatorError(.unsupported, "computes constants of over \(largestByteCount >> 20) MiB together with the nodes before it")
    }
    self.byteCount += byteCount
  }

  private mutating func charge(steps: Int) throws(OperatorError) {
    guard steps <= Self.mostSteps - stepCount else {
      throw OperatorError(.unsupported, "computes constants in over \(Self.mostSteps) steps together with the nodes before it")
    }
    stepCount += steps
  }
}

extension [OperatorInput?] {
  /// Whether the elements of all inputs that are there are known.
  public var areKnown: Bool { allSatisfy { $0 == nil || $0!.constant != nil } }
}

extension Int {
  func saturatingProduct(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }

  func saturatingSum(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
