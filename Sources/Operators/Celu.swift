public import ModelGraph

/// max(x, 0) + min(alpha × (exp(x ÷ alpha) − 1), 0)
public struct Celu: FixedUnaryOperator {
  public static let names = ["Celu"]
  public let elementFunction: ElementFunction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let alpha = try description.float("alpha", default: 1)
    guard alpha != 0 else { throw OperatorError(.invalid, "attribute 'alpha' is 0, which divides each element") }
    elementFunction = ElementFunction(.celu, alpha: alpha)
  }
}
