/// Per-tensor affine quantisation: `real = scale × (quantised − zeroPoint)`.
public struct Quantisation: Equatable, Hashable, Sendable {
  public var scale: Float
  public var zeroPoint: Int32

  public init(scale: Float, zeroPoint: Int32) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The real value that a quantised one stands for.
  public func dequantised(_ value: Int32) -> Float {
    scale * Float(value - zeroPoint)
  }

  /// The quantised value nearest to a real one, ties to even, saturated to `range`. NaN gives the zero point.
  public func quantised(_ value: Float, in range: ClosedRange<Int32>) -> Int32 {
    let scaled = value / scale
    guard !scaled.isNaN else { return zeroPoint }
    let lower = Float(range.lowerBound - zeroPoint)
    let upper = Float(range.upperBound - zeroPoint)
    return Int32(min(max(scaled, lower), upper).rounded(.toNearestOrEven)) + zeroPoint
  }
}
