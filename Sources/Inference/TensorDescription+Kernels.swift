public import ModelFormat
import Tensors

/// What kernels are told of a tensor's quantisation.
extension TensorDescription {
  /// 0 where there is no quantisation.
  public var zeroPoint: Int32 { quantisation?.zeroPoint ?? 0 }
  /// 1 where there is no quantisation.
  public var scale: Float { quantisation?.scale ?? 1 }
  /// What kernels xor stored bytes with to read them as unsigned.
  public var flip: Int32 { elementType == .int8 ? 0x80 : 0 }
  /// Whether it is an 8-bit activation.
  public var isQuantised: Bool { quantisation != nil }
  /// A bound of an 8-bit type with the zero point taken off.
  public var lowerBound: Float { Float((elementType.eightBitRange?.lowerBound ?? 0) - zeroPoint) }
  /// See `lowerBound`.
  public var upperBound: Float { Float((elementType.eightBitRange?.upperBound ?? 0) - zeroPoint) }
}
