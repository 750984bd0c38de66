/// What was found in the index tables read so far: tables that instructions share are read once, so that the time which validation takes
/// follows the program's size.
@safe struct TableReadings {
  private let weights: UnsafeRawBufferPointer
  private let alike: [TensorIndex]
  /// By the first tensor with the same bytes.
  private var positions: [ClosedRange<Int32>?]
  private var fractions: [Bool?]
  private var readByteCount = 0

  init(program: Program, weights: UnsafeRawBufferPointer) {
    unsafe self.weights = weights
    alike = program.firstAlike()
    positions = [ClosedRange<Int32>?](repeating: nil, count: alike.count)
    fractions = [Bool?](repeating: nil, count: alike.count)
  }

  /// The least and the greatest entry of a validated constant of int32, `count` of them at `offset`; nil where the tables that were read
  /// overlap so often that they are larger than `Program.loadAllowance`.
  /// - Precondition: at least one entry.
  mutating func positions(of tensor: TensorIndex, at offset: Int, count: Int) -> ClosedRange<Int32>? {
    let first = Int(alike[Int(tensor)])
    if let known = positions[first] { return known }
    guard mayRead(count) else { return nil }
    var (lowest, highest) = (Int32.max, Int32.min)
    for entry in 0..<count {
      let position = unsafe weights.loadUnaligned(fromByteOffset: offset + 4 * entry, as: Int32.self)
      lowest = min(lowest, position)
      highest = max(highest, position)
    }
    positions[first] = lowest...highest
    return lowest...highest
  }

  /// Whether all of a validated constant's float32 are fractions that resampling takes; nil as above.
  mutating func areFractions(_ tensor: TensorIndex, at offset: Int, count: Int) -> Bool? {
    let first = Int(alike[Int(tensor)])
    if let known = fractions[first] { return known }
    guard mayRead(count) else { return nil }
    var fits = true
    for entry in 0..<count {
      // NaN is no fraction.
      let fraction = unsafe weights.loadUnaligned(fromByteOffset: offset + 4 * entry, as: Float.self)
      fits = fits && fraction.magnitude <= Resize.largestFraction
    }
    fractions[first] = fits
    return fits
  }

  private mutating func mayRead(_ count: Int) -> Bool {
    readByteCount += 4 * count
    return unsafe readByteCount <= Program.loadAllowance(weightsByteCount: weights.count)
  }
}
