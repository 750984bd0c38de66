public import ModelGraph

/// x < 0 ? alpha × x : x
public struct LeakyRelu: FixedUnaryOperator {
  public static let names = ["LeakyRelu"]

  public var alpha: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    alpha = try description.float("alpha", default: 0.01)
  }

  public var elementFunction: ElementFunction { ElementFunction(.leakyRelu, alpha: alpha) }
}
