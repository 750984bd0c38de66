public import ModelGraph

/// x < 0 ? alpha × (exp(x) − 1) : x
public struct Elu: FixedUnaryOperator {
  public static let names = ["Elu"]

  public var alpha: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    alpha = try description.float("alpha", default: 1)
  }

  public var elementFunction: ElementFunction { ElementFunction(.elu, alpha: alpha) }
}
