public import ModelGraph

/// The plain recurrent layer: h' = f(x · Wᵀ + h · Rᵀ + b).
public struct RNN: RecurrentLayer {
  public static let names = ["RNN"]

  public let settings: RecurrentSettings

  public init(_ description: OperatorDescription) throws(OperatorError) {
    settings = try RecurrentSettings(description, kind: .simple)
  }
}
