public import ModelGraph

/// Its input.
public struct Identity: ReshapingOperator {
  public static let names = ["Identity"]

  public init(_ description: OperatorDescription) {}

  public func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int] { try inputs.required(0, "input").type.dimensions }
}
