/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed on every machine.
public struct SeededRandom: Sendable {
  @usableFromInline var state: UInt64

  @inlinable
  public init(seed: UInt64) {
    state = seed
  }

  /// A generator for item `index` of a series, independent of its neighbours'.
  @inlinable
  public init(seed: UInt64, index: Int) {
    var mixer = SeededRandom(seed: seed)
    state = mixer.next() ^ (UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15)
    state = next()
  }

  @inlinable
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Uniform in 0..<1.
  @inlinable
  public mutating func unit() -> Float {
    Float(next() >> 40) * 0x1p-24
  }

  @inlinable
  public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// Uniform in 0..<bound.
  @inlinable
  public mutating func below(_ bound: Int) -> Int {
    Int(next() % UInt64(bound))
  }

  /// Nearly normal, mean 0, deviation 1 (a sum of four uniform numbers).
  @inlinable
  public mutating func normal() -> Float {
    (unit() + unit() + unit() + unit() - 2) * 1.732
  }
}
