public import ModelGraph

/// Hann's window: 0.5 − 0.5 × cos(2πn ÷ N).
public struct HannWindow: WindowFunction {
  public static let names = ["HannWindow"]
  public static let coefficients = [0.5, -0.5]
  public let shape: WindowShape

  public init(_ description: OperatorDescription) throws(OperatorError) {
    shape = try WindowShape(description)
  }
}
