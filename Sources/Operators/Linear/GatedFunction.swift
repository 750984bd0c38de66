public import ModelGraph
import Tensors

/// A function written as `x × gate(x)` with gates between 0 and 1 (SiLU, hard swish, GELU, leaky ReLU and others of that shape), as
/// `Convolution` computes it: x has 16 bits, and only the gate has 256 levels, to which the product is far less sensitive than to x.
public struct GatedFunction {
  /// 255 × the gate in the middle of each 256th part of the 16-bit range.
  public let gates: [UInt8]
  /// Of 32768, from the product's step to the result's.
  public let factor: Int32
  /// The form of x for just that factor: the one asked for, or one that reaches a little further where the result's form has changed since.
  public let before: StoredQuantisation
  private let after: StoredQuantisation

  /// The 16-bit form whose range reaches `reach`, or a little further: for each factor there is just one step.
  public static func form(reaching reach: Float, before after: StoredQuantisation) -> StoredQuantisation? {
    let ideal = (Double(reach) / Double(after.quantisation.scale) * 256 / 255).rounded(.up)
    guard ideal.isFinite, 1...32767 ~= ideal else { return nil }
    let scale = Float(ideal * 255 / 256 / 32768 * Double(after.quantisation.scale))
    return scale.isNormal ? StoredQuantisation(.int16, Quantisation(scale: scale, zeroPoint: 0)) : nil
  }

  /// nil where no factor leads from one form to the other.
  public init?(from wanted: StoredQuantisation, to after: StoredQuantisation, _ function: (Float) -> Float) {
    // A float's rounding apart, a form that was made for `after` is met exactly.
    guard wanted.elementType == .int16, after.elementType.isEightBitInteger,
      let before = Self.form(reaching: wanted.quantisation.scale * 32768 * (1 - 1e-5), before: after)
    else { return nil }
    factor = Int32((Double(before.quantisation.scale) / Double(after.quantisation.scale) * 32768 * 256 / 255).rounded())
    (self.before, self.after) = (before, after)
    gates = (-128..<128).map { part in
      let middle = (Float(part) + 0.5) * 256 * before.quantisation.scale
      let gate = 255 * function(middle) / middle
      return gate.isNaN ? 0 : UInt8(min(max(gate, 0), 255).rounded())
    }
  }

  /// The 8-bit result for a 16-bit argument.
  public func stored(_ argument: Int32) -> Int32 {
    let product = (argument * Int32(gates[Int(argument >> 8) + 128]) + 128) >> 8
    let range = after.elementType.eightBitRange!
    return min(max(((product * factor + 16384) >> 15) + after.quantisation.zeroPoint, range.lowerBound), range.upperBound)
  }
}
