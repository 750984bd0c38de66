public import ModelFormat

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

  /// The function on a whole number, nil where ONNX defines it on floating point only.
  func onInteger(_ x: Int64) -> Int64? {
    switch function {
    case .identity, .floor, .ceil, .round: x
    case .negate: 0 &- x
    case .absolute: x < 0 ? 0 &- x : x
    case .clamp: clamped(x)
    default: nil
    }
  }

  private func clamped(_ x: Int64) -> Int64 {
    let bound = { (limit: Float) in Int64(exactly: limit.rounded(.towardZero)) ?? (limit > 0 ? .max : .min) }
    return min(max(x, bound(alpha)), bound(beta))
  }
}
