public import ModelGraph

/// Blackman's window: 0.42 − 0.5 × cos(2πn ÷ N) + 0.08 × cos(4πn ÷ N).
public struct BlackmanWindow: WindowFunction {
  public static let names = ["BlackmanWindow"]
  public static let coefficients = [0.42, -0.5, 0.08]
  public let shape: WindowShape

  public init(_ description: OperatorDescription) throws(OperatorError) {
    shape = try WindowShape(description)
  }
}
