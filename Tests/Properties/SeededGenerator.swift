/// SplitMix64: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", 2014. The same numbers
/// from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  /// True once in `times`, on average.
  mutating func oneIn(_ times: Int) -> Bool { integer(1...times) == 1 }
  mutating func float(_ range: ClosedRange<Float> = -1...1) -> Float { Float.random(in: range, using: &self) }
  mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] { (0..<count).map { _ in float(range) } }
  mutating func choice<Element>(_ list: [Element]) -> Element { list[integer(0...list.count - 1)] }
  /// Sizes: mostly small and odd, seldom just beside a vector's or a block's length.
  mutating func size(upTo most: Int) -> Int {
    oneIn(4) ? min(choice([7, 8, 9, 15, 16, 17, 31, 32, 33]), most) : integer(1...min(most, 12))
  }
}
