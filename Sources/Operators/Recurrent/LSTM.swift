public import ModelGraph

/// Long short-term memory: input, output, forget and cell gate, with peepholes where the model has them.
public struct LSTM: RecurrentLayer {
  public static let names = ["LSTM"]

  public let settings: RecurrentSettings

  public init(_ description: OperatorDescription) throws(OperatorError) {
    settings = try RecurrentSettings(description, kind: try description.integer("input_forget", default: 0) != 0 ? .lstmCoupled : .lstm)
  }
}
