public import ModelGraph

/// x × Φ(x), Φ the normal distribution's cumulative function, computed by erf or, where the attribute asks for it, approximated by
/// tanh (D. Hendrycks and K. Gimpel, "Gaussian error linear units", 2016).
public struct Gelu: FixedUnaryOperator {
  public static let names = ["Gelu"]
  public let elementFunction: ElementFunction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let approximation = try description.string("approximate", default: "none")
    switch approximation {
    case "none": elementFunction = ElementFunction(.gelu)
    case "tanh": elementFunction = ElementFunction(.geluTanh)
    default: throw OperatorError(.invalid, "attribute 'approximate' is '\(approximation)', not 'none' or 'tanh'")
    }
  }
}
