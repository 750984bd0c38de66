public import ModelFormat
public import ModelGraph

/// A unary function that passes recognise in several ONNX nodes (SiLU, hard swish, GELU); no model names it.
public struct Activation: UnaryOperator {
  public static let names = ["Activation"]
  public var function: UnaryFunction
  public var alpha: Float
  public var beta: Float

  public init(_ function: UnaryFunction, alpha: Float = 0, beta: Float = 0) {
    self.function = function
    self.alpha = alpha
    self.beta = beta
  }

  public init(_ description: OperatorDescription) throws(OperatorError) {
    throw OperatorError(.unsupported, "is no ONNX operator")
  }
}
