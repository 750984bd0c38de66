public import ModelGraph

/// max(x, 0)
public struct Relu: FixedUnaryOperator {
  public static let names = ["Relu"]

  public init(_ description: OperatorDescription) {}

  public var elementFunction: ElementFunction { ElementFunction(.clamp, alpha: 0, beta: .infinity) }
}
