public import ModelGraph

/// Hamming's window, with ONNX's coefficients 25 ÷ 46 and 21 ÷ 46.
public struct HammingWindow: WindowFunction {
  public static let names = ["HammingWindow"]
  public static let coefficients = [25.0 / 46, -21.0 / 46]
  public let shape: WindowShape

  public init(_ description: OperatorDescription) throws(OperatorError) {
    shape = try WindowShape(description)
  }
}
