public import ModelGraph

/// min(max(alpha × x + beta, 0), 1)
public struct HardSigmoid: FixedUnaryOperator {
  public static let names = ["HardSigmoid"]

  public var alpha: Float
  public var beta: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    alpha = try description.float("alpha", default: 0.2)
    beta = try description.float("beta", default: 0.5)
  }

  public var elementFunction: ElementFunction { ElementFunction(.hardSigmoid, alpha: alpha, beta: beta) }
}
