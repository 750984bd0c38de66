public import ModelGraph

/// Gated recurrent unit: update, reset and candidate.
public struct GRU: RecurrentLayer {
  public static let names = ["GRU"]

  public let settings: RecurrentSettings

  public init(_ description: OperatorDescription) throws(OperatorError) {
    settings = try RecurrentSettings(description, kind: try description.integer("linear_before_reset", default: 0) != 0 ? .gruResetAfter : .gru)
  }
}
