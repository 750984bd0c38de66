public import ModelFormat
import Tensors

/// A unary function with its parameters.
public struct ElementFunction: Equatable, Sendable {
  public var function: UnaryFunction
  public var alpha: Float
  public var beta: Float

  public init(_ function: UnaryFunction, alpha: Float = 0, beta: Float = 0) {
    self.function = function
    self.alpha = alpha
    self.beta = beta
  }

  public func callAsFunction(_ x: Float) -> Float { function(x, alpha: alpha, beta: beta) }

  /// The function as one of whole numbers; nil where it has none of its own (identity and rounding leave them as they are).
  var onWholeNumbers: Mapping.Function? {
    switch function {
    case .negate: .negate
    case .absolute: .absolute
    case .sign: .sign
    default: nil
    }
  }

  /// Whether whole numbers stay as they are.
  var keepsWholeNumbers: Bool {
    switch function {
    case .identity, .floor, .ceil, .round: true
    default: false
    }
  }

  /// The bounds of a clamp in a type of whole numbers, each nil where it bounds nothing.
  func wholeBounds(_ type: ElementType) -> [HostTensor?]? {
    guard function == .clamp else { return nil }
    let lower = alpha == -.infinity ? nil : HostTensor([alpha.rounded(.up)], dimensions: []).converted(to: type)
    let upper = beta == .infinity ? nil : HostTensor([beta.rounded(.down)], dimensions: []).converted(to: type)
    return [lower, upper]
  }
}
