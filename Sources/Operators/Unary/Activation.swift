public import ModelFormat
public import ModelGraph

/// A unary function that passes recognise in several ONNX nodes (SiLU, hard swish, GELU); no model names it.
public struct Activation: FixedUnaryOperator {
  public static let names = ["Activation"]
  public let elementFunction: ElementFunction

  public init(_ function: UnaryFunction, alpha: Float = 0, beta: Float = 0) {
    elementFunction = ElementFunction(function, alpha: alpha, beta: beta)
  }

  public init(_ description: OperatorDescription) throws(OperatorError) {
    throw OperatorError(.unsupported, "is no ONNX operator")
  }
}
