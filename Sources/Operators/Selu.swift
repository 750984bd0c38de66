public import ModelGraph

/// gamma × (x > 0 ? x : alpha × (exp(x) − 1)) (G. Klambauer et al., "Self-normalizing neural networks", 2017)
public struct Selu: FixedUnaryOperator {
  public static let names = ["Selu"]
  public let elementFunction: ElementFunction

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let isOld = description.opset < 6
    let alpha = try description.float("alpha", default: isOld ? 1.6732 : 1.67326319217681884765625)
    let gamma = try description.float("gamma", default: isOld ? 1.0507 : 1.05070102214813232421875)
    elementFunction = ElementFunction(.selu, alpha: alpha, beta: gamma)
  }
}
