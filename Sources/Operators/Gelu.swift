public import ModelGraph

/// x × Φ(x), Φ the normal distribution's cumulative function, computed by erf.
public struct Gelu: FixedUnaryOperator {
  public static let names = ["Gelu"]

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let approximation = try description.string("approximate", default: "none")
    guard approximation == "none" else {
      throw OperatorError(.unsupported, "attribute 'approximate' is '\(approximation)'; only 'none' is supported")
    }
  }

  public var elementFunction: ElementFunction { ElementFunction(.gelu) }
}
