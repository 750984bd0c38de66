public import ModelGraph

/// x < −lambd ? x + bias : x > lambd ? x − bias : 0
public struct Shrink: FixedUnaryOperator {
  public static let names = ["Shrink"]
  public let elementFunction: ElementFunction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let threshold = try description.float("lambd", default: 0.5)
    elementFunction = ElementFunction(.shrink, alpha: threshold, beta: try description.float("bias", default: 0))
  }
}
