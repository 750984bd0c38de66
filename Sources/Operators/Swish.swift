public import ModelGraph

/// x × sigmoid(alpha × x)
public struct Swish: FixedUnaryOperator {
  public static let names = ["Swish"]
  public let elementFunction: ElementFunction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let alpha = try description.float("alpha", default: 1)
    elementFunction = alpha == 1 ? ElementFunction(.silu) : ElementFunction(.swish, alpha: alpha)
  }
}
