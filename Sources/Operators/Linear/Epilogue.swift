public import ModelFormat
public import ModelGraph
import Tensors

/// What follows a convolution or matrix product inside the same instruction; filled by fusion passes, empty at import.
///
/// `y = bounds(function(linear) + residual)`; each step's own rounding is kept, so that a fused model gives the numbers of the
/// unfused one. Only an instruction on integers rounds inside: without one, the steps are lowered apart (`FusedOperator`).
public struct Epilogue: Equatable, Sendable {
  public var function: UnaryFunction = .identity
  public var alpha: Float = 0
  public var beta: Float = 0
  /// The form of the linear result before `function`, where the function is not a clamp: 8 bits, or 16 for a `GatedFunction`.
  public var beforeFunction: StoredQuantisation?
  /// Whether the node's last input is added.
  public var hasResidual = false
  /// The 8-bit form of the value to which the residual is added.
  public var beforeResidual: StoredQuantisation?
  /// Clamp after the residual.
  public var lower: Float = -.infinity
  public var upper: Float = .infinity

  public init() {}

  /// Whether a value inside is rounded.
  var rounds: Bool { beforeFunction != nil || beforeResidual != nil }

  /// Whether `function` only bounds its argument, so that rounding may come first.
  public var isClamp: Bool { beforeFunction == nil && (function == .identity || function == .clamp) }

  /// The bounds that a clamp or a missing function sets.
  public var clampBounds: (lower: Float, upper: Float) {
    function == .clamp ? (alpha, beta) : (-.infinity, .infinity)
  }
}
