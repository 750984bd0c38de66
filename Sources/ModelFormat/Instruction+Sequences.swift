/// Attention of rows over rows, float32: `y[i, h] = Σⱼ softmaxⱼ(q[i, h] · k[j, h]) v[j, h]` for each head `h`. Nothing of the size of all scores
/// is kept. A query that attends to no row gives 0.
///
/// Shapes: queries and output `[length, heads × size]`, keys and values `[rows, heads × size]`, a head's elements together; queries bring the
/// scale. Keys and values may both be float16 where there is one query, which reads half as much then; they are widened, and nothing else changes.
public struct Attention: Equatable, Sendable {
  public var queries: TensorIndex
  public var keys: TensorIndex
  public var values: TensorIndex
  /// `[1, heads × size]` each, both or none: one row behind the others, which always takes part. Of one query only.
  public var ownKey: TensorIndex?
  public var ownValue: TensorIndex?
  /// int64 `[1]`: how many of the rows take part, taken within 0…rows; all of them where absent.
  public var count: TensorIndex?
  public var output: TensorIndex
  public var heads: Int32

  public init(queries: TensorIndex, keys: TensorIndex, values: TensorIndex, output: TensorIndex, heads: Int32) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.output = output
    self.heads = heads
  }
}

/// Rotary position embedding of rows, float32: of each head's elements the first `2 × pairs` turn, pair by pair, by the angles of the row's
/// position: `(c·a − s·b, s·a + c·b)`; the others are copied. Pairs are neighbours where interleaved, else an element of each half.
///
/// Shapes: input and output `[rows, heads × size]`, cosines and sines `[positions, pairs]`, rowPositions int64 `[rows]`. A position outside is
/// a fault as in `Gather`: the nearest is taken and the session counts it.
public struct Rotation: Equatable, Sendable {
  public var input: TensorIndex
  public var cosines: TensorIndex
  public var sines: TensorIndex
  public var rowPositions: TensorIndex
  public var output: TensorIndex
  public var heads: Int32
  public var isInterleaved: Bool

  public init(
    input: TensorIndex, cosines: TensorIndex, sines: TensorIndex, rowPositions: TensorIndex, output: TensorIndex, heads: Int32, isInterleaved: Bool
  ) {
    self.input = input
    self.cosines = cosines
    self.sines = sines
    self.rowPositions = rowPositions
    self.output = output
    self.heads = heads
    self.isInterleaved = isInterleaved
  }
}

/// `y = (x − mean) ÷ √(variance + epsilon) × scale + shift` over the last axis, float32; scale and shift have its elements.
public struct Normalisation: Equatable, Sendable {
  public var input: TensorIndex
  public var scale: TensorIndex
  public var shift: TensorIndex?
  public var output: TensorIndex
  public var epsilon: Float

  public init(input: TensorIndex, scale: TensorIndex, shift: TensorIndex? = nil, output: TensorIndex, epsilon: Float) {
    self.input = input
    self.scale = scale
    self.shift = shift
    self.output = output
    self.epsilon = epsilon
  }
}

// The order of fields in the file, and the tensors that they name.

extension Attention {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&queries)
    try coder.code(&keys)
    try coder.code(&values)
    try coder.code(&ownKey)
    try coder.code(&ownValue)
    try coder.code(&count)
    try coder.code(&output)
    try coder.code(&heads)
  }

  var reads: [TensorIndex] { [queries, keys, values] + [ownKey, ownValue, count].compactMap { $0 } }

  func renumbered(_ number: (TensorIndex) -> TensorIndex) -> Attention {
    var fields = self
    fields.queries = number(queries)
    fields.keys = number(keys)
    fields.values = number(values)
    fields.ownKey = ownKey.map(number)
    fields.ownValue = ownValue.map(number)
    fields.count = count.map(number)
    fields.output = number(output)
    return fields
  }
}

extension Rotation {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&cosines)
    try coder.code(&sines)
    try coder.code(&rowPositions)
    try coder.code(&output)
    try coder.code(&heads)
    try coder.code(&isInterleaved)
  }

  var reads: [TensorIndex] { [input, cosines, sines, rowPositions] }

  func renumbered(_ number: (TensorIndex) -> TensorIndex) -> Rotation {
    Rotation(
      input: number(input), cosines: number(cosines), sines: number(sines), rowPositions: number(rowPositions), output: number(output), heads: heads,
      isInterleaved: isInterleaved)
  }
}

extension Normalisation {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&scale)
    try coder.code(&shift)
    try coder.code(&output)
    try coder.code(&epsilon)
  }

  var reads: [TensorIndex] { [input, scale] + [shift].compactMap { $0 } }

  func renumbered(_ number: (TensorIndex) -> TensorIndex) -> Normalisation {
    Normalisation(input: number(input), scale: number(scale), shift: shift.map(number), output: number(output), epsilon: epsilon)
  }
}
