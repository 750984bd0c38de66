public import ModelGraph

/// x > alpha ? x : 0
public struct ThresholdedRelu: FixedUnaryOperator {
  public static let names = ["ThresholdedRelu"]
  public let elementFunction: ElementFunction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    elementFunction = ElementFunction(.thresholdedRelu, alpha: try description.float("alpha", default: 1))
  }
}
