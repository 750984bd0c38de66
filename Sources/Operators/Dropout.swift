public import ModelGraph

/// Its input: nothing drops out when a model runs. The mask output of training is not supported.
public struct Dropout: ReshapingOperator {
  public static let names = ["Dropout"]

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard description.outputCount <= 1 else { throw OperatorError(.unsupported, "its mask is used; export the model for inference") }
  }

  public func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int] { try inputs.required(0, "data").type.dimensions }
}
