/// One step of a program. Families, not ONNX operators: the compiler lowers operators to these few, so a backend stays small.
/// Unless a family says otherwise, what is written shares no byte with what is read (checked at load).
/// The raw opcodes are part of the package format (`Instruction+Encoding.swift`): never renumber them.
public enum Instruction: Equatable, Sendable {
  case convolution(Convolution)
  case pooling(Pooling)
  case binary(Binary)
  case unary(Unary)
  case lookup(Lookup)
  case quantise(Conversion)
  case dequantise(Conversion)
  case softmax(Softmax)
  case copy(StridedCopy)
  case fill(Fill)
  case reduction(Reduction)
  case resize(Resize)
  case matrixProduct(MatrixProduct)
  case arithmetic(Arithmetic)
  case mapping(Mapping)
  case cast(Conversion)
  case select(Select)
  case gather(Gather)
  case scatter(Scatter)
  case argReduction(ArgReduction)
  case topK(TopK)
  case cumulativeSum(CumulativeSum)
  case recurrence(Recurrence)
  case integerConvolution(IntegerConvolution)
  case attention(Attention)
  case rotation(Rotation)
  case normalisation(Normalisation)
}

/// A pair for the height and the width axis.
public struct HeightWidth: Equatable, Sendable {
  public var height: Int32
  public var width: Int32
  public init(_ height: Int32, _ width: Int32) {
    self.height = height
    self.width = width
  }
}

/// Padding in pixels on each side of an image.
public struct Padding: Equatable, Sendable {
  public var top: Int32
  public var left: Int32
  public var bottom: Int32
  public var right: Int32
  public init(top: Int32, left: Int32, bottom: Int32, right: Int32) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }
  public static let zero = Padding(top: 0, left: 0, bottom: 0, right: 0)
}

/// 2-D convolution, grouped and depthwise included; a matrix product with constant weights is one with 1×1 kernels.
///
/// Shapes: input `[N,H,W,C]`, weights `[O,kH,kW,C/groups]`, bias `[O]`, output `[N,oH,oW,O]`; output channel `o` belongs to
/// group `o / (O/groups)`.
///
/// Float: float32 throughout, but for narrow weights; `y = function(sum + bias)`, then `+ residual`, then `min(max(y, lower), upper)`.
///
/// Integer: input int8 or uint8 with zero point `zx`; weights int8 symmetric; bias int32 in units of `input scale ×
/// weight scale`. All exact in 32 bits: `sum = bias[o] + Σ (x − zx) × w`, padding counting as `x = zx`. Then
/// `t = clamp(roundTiesToEven(float(sum) × multipliers[o]) + middleZeroPoint, middleLower, middleUpper)`;
/// with a table, `t = table[byte(t)]`, signedness that of the output; with gates instead,
/// `v = clamp(roundTiesToEven(float(sum) × multipliers[o]), −32768, 32767)`, `p = (v × gates[(v >> 8) + 128] + 128) >> 8` and
/// `t = clamp(((p × gateFactor + 16384) >> 15) + middleZeroPoint, middleLower, middleUpper)`; with a residual `r`,
/// `y = clamp(roundTiesToEven((float(t − tableZeroPoint) × middleScale + float(r − zr) × sr) ÷ sy) + zy, outputLower, outputUpper)`
/// where `sr`, `zr`, `sy` and `zy` are the residual's and the output's scales and zero points: `binary`'s addition, so that
/// fusing changes no bit. Every float32 operation is rounded by itself (no fused multiply-add). Without a residual `y = t`.
public struct Convolution: Equatable, Sendable {
  /// Weights of fewer bits than what they are multiplied with: `weight = integer × scale`, each output channel's depth (rows, columns, input
  /// channels) in groups with a scale each.
  public struct NarrowWeights: Equatable, Sendable {
    /// 8: weights are int8. 4: uint8 `[O,kH,kW,C/groups/2]`, the even element in the lower half, integers less 8.
    public var bits: Int32
    /// float32 `[O, ⌈depth ÷ group⌉]`.
    public var scales: TensorIndex
    /// Elements of the depth that share a scale; even.
    public var group: Int32
    /// 32: what they are multiplied with stays float. 16 or 8, for weights of 8 bits: a backend may round it, each output pixel's elements of a
    /// group of channels, to that many bits' even levels from the least to the greatest of them.
    public var activationBits: Int32

    public init(bits: Int32, scales: TensorIndex, group: Int32, activationBits: Int32 = 32) {
      self.bits = bits
      self.scales = scales
      self.group = group
      self.activationBits = activationBits
    }
  }

  public var input: TensorIndex
  public var weights: TensorIndex
  public var bias: TensorIndex?
  /// float32 `[O]`: input scale × weight scale ÷ scale of `t`. Integer only.
  public var multipliers: TensorIndex?
  /// uint8 `[256]`, read and written as the bit patterns of the output's type. Integer only.
  public var table: TensorIndex?
  /// uint8 `[256]`: for a function `x × gate(x)`, 255 × gate of each 256th part of what 16 bits hold. Integer only, and never beside a table.
  public var gates: TensorIndex?
  /// Same dimensions as the output.
  public var residual: TensorIndex?
  public var output: TensorIndex
  public var strides: HeightWidth
  public var dilations: HeightWidth
  public var padding: Padding
  public var groups: Int32

  // Float form.
  public var narrow: NarrowWeights?
  public var function: UnaryFunction = .identity
  public var alpha: Float = 0
  public var beta: Float = 0
  public var lower: Float = -.infinity
  public var upper: Float = .infinity

  // Integer form.
  public var middleZeroPoint: Int32 = 0
  public var middleLower: Int32 = 0
  public var middleUpper: Int32 = 0
  /// 1…32767.
  public var gateFactor: Int32 = 1
  /// Zero point of `t` after the table (equal to `middleZeroPoint` where there is none).
  public var tableZeroPoint: Int32 = 0
  /// Scale of `t` after the table.
  public var middleScale: Float = 1
  public var outputLower: Int32 = 0
  public var outputUpper: Int32 = 0

  public init(
    input: TensorIndex, weights: TensorIndex, bias: TensorIndex? = nil, output: TensorIndex, strides: HeightWidth = HeightWidth(1, 1),
    dilations: HeightWidth = HeightWidth(1, 1), padding: Padding = .zero, groups: Int32 = 1
  ) {
    self.input = input
    self.weights = weights
    self.bias = bias
    self.output = output
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
    self.groups = groups
  }
}

/// Max or average over windows of `[N,H,W,C]`. Integer: 8-bit in and out. Max keeps the quantisation; average computes
/// `roundTiesToEven(float(Σ (x − zx)) × (sx ÷ sy ÷ count)) + zy`, the factor in float32, saturated to the type. Padding
/// never wins a maximum; it counts in an average's `count` only with `countsPadding`.
public struct Pooling: Equatable, Sendable {
  public enum Kind: Int32, Sendable { case maximum = 0, average = 1 }
  public var kind: Kind
  public var input: TensorIndex
  public var output: TensorIndex
  public var kernel: HeightWidth
  public var strides: HeightWidth
  public var dilations: HeightWidth
  public var padding: Padding
  public var countsPadding: Bool

  public init(
    kind: Kind, input: TensorIndex, output: TensorIndex, kernel: HeightWidth, strides: HeightWidth, dilations: HeightWidth = HeightWidth(1, 1),
    padding: Padding, countsPadding: Bool = false
  ) {
    self.kind = kind
    self.input = input
    self.output = output
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
    self.countsPadding = countsPadding
  }
}

/// `y = clamp(left ∘ right)` with NumPy broadcasting; all float32, or all 8-bit integers of any quantisation: then operands
/// are dequantised in float32, and `y = roundTiesToEven(value ÷ sy) + zy`, saturated to the type and to `lower…upper`
/// (real values in both forms).
public struct Binary: Equatable, Sendable {
  public enum Operation: Int32, Sendable, CaseIterable {
    case add = 0, subtract = 1, multiply = 2, divide = 3, minimum = 4, maximum = 5, power = 6
  }
  public var operation: Operation
  public var left: TensorIndex
  public var right: TensorIndex
  public var output: TensorIndex
  public var lower: Float = -.infinity
  public var upper: Float = .infinity

  public init(operation: Operation, left: TensorIndex, right: TensorIndex, output: TensorIndex) {
    self.operation = operation
    self.left = left
    self.right = right
    self.output = output
  }
}

/// `y = function(x)` element by element, float32; input and output may be the same bytes.
public struct Unary: Equatable, Sendable {
  public var function: UnaryFunction
  public var alpha: Float
  public var beta: Float
  public var input: TensorIndex
  public var output: TensorIndex

  public init(function: UnaryFunction, alpha: Float = 0, beta: Float = 0, input: TensorIndex, output: TensorIndex) {
    self.function = function
    self.alpha = alpha
    self.beta = beta
    self.input = input
    self.output = output
  }
}

/// `y = table[x]`: any unary operator, or requantisation, between two 8-bit tensors. Table: uint8 `[256]` of bit patterns.
public struct Lookup: Equatable, Sendable {
  public var input: TensorIndex
  public var table: TensorIndex
  public var output: TensorIndex

  public init(input: TensorIndex, table: TensorIndex, output: TensorIndex) {
    self.input = input
    self.table = table
    self.output = output
  }
}

/// float32 → 8-bit (`quantise`: `roundTiesToEven(x ÷ scale) + zero point`, saturated; NaN gives the zero point), or back
/// (`dequantise`: `scale × (x − zero point)`).
///
/// `cast` turns any element type into any other, without quantisation: whole numbers to whole numbers keep the low bits; floating point to
/// whole numbers cuts fractions off and saturates, NaN gives 0; towards floating point the nearest value, ties to even, counts; towards bool
/// whatever isn't 0 is true (NaN too); from bool comes 0 or 1.
public struct Conversion: Equatable, Sendable {
  public var input: TensorIndex
  public var output: TensorIndex

  public init(input: TensorIndex, output: TensorIndex) {
    self.input = input
    self.output = output
  }
}

/// Softmax (or its logarithm) over the last axis, float32.
public struct Softmax: Equatable, Sendable {
  public var input: TensorIndex
  public var output: TensorIndex
  public var isLogarithmic: Bool

  public init(input: TensorIndex, output: TensorIndex, isLogarithmic: Bool = false) {
    self.input = input
    self.output = output
    self.isLogarithmic = isLogarithmic
  }
}

/// Copies elements between two strided views of at most eight axes: transpose, slice, split, concatenation's parts, padding's
/// inside, expand, depth-to-space, channel shuffle, nearest upsampling by a whole factor. Offsets and strides in elements;
/// input strides may be 0 or negative; every address lies inside its tensor, and none is written twice (checked at load).
public struct StridedCopy: Equatable, Sendable {
  public var input: TensorIndex
  public var output: TensorIndex
  public var extents: [Int32]
  public var inputOffset: Int64
  public var inputStrides: [Int64]
  public var outputOffset: Int64
  public var outputStrides: [Int64]

  public init(
    input: TensorIndex, output: TensorIndex, extents: [Int32], inputOffset: Int64, inputStrides: [Int64], outputOffset: Int64, outputStrides: [Int64]
  ) {
    self.input = input
    self.output = output
    self.extents = extents
    self.inputOffset = inputOffset
    self.inputStrides = inputStrides
    self.outputOffset = outputOffset
    self.outputStrides = outputStrides
  }
}

/// Sets every element of the output to one bit pattern (its low bytes, little-endian).
public struct Fill: Equatable, Sendable {
  public var output: TensorIndex
  public var pattern: UInt64

  public init(output: TensorIndex, pattern: UInt64) {
    self.output = output
    self.pattern = pattern
  }
}

/// Reduces the middle of `[outer, reduced, inner]`: float32, or quantised 8-bit for mean
/// (`roundTiesToEven(float(Σ (x − zx)) × (sx ÷ sy ÷ reduced)) + zy`, saturated) and maximum/minimum (same quantisation), or plain whole
/// numbers and bool: these sum, multiply and square with wrap-around (kept in 64 bits until the end), a mean and a euclidean norm
/// truncate towards 0; bool has maximum and minimum only. NaN wins every float maximum and minimum.
public struct Reduction: Equatable, Sendable {
  public enum Kind: Int32, Sendable, CaseIterable {
    case mean = 0, sum = 1, maximum = 2, minimum = 3, sumOfSquares = 4, euclideanNorm = 5, product = 6
    /// Σ |x|
    case absoluteSum = 7
    /// log Σ exp(x), without overflow; float32 only.
    case logSumExp = 8
  }
  public var kind: Kind
  public var input: TensorIndex
  public var output: TensorIndex
  public var outer: Int32
  public var reduced: Int32
  public var inner: Int32

  public init(kind: Kind, input: TensorIndex, output: TensorIndex, outer: Int32, reduced: Int32, inner: Int32) {
    self.kind = kind
    self.input = input
    self.output = output
    self.outer = outer
    self.reduced = reduced
    self.inner = inner
  }
}

/// Table-driven separable resampling of `[N,H,W,C]`, so that every coordinate convention is the compiler's matter.
/// For output row `y`: sources `rows[2y]`, `rows[2y+1]` (int32 `[2·oH]`) and weight `rowFractions[y]` (float32 `[oH]`) of the
/// second; likewise for columns. `value = lerp(lerp(x00,x01,cf), lerp(x10,x11,cf), rf)` with `lerp(a,b,f) = a + (b − a) × f`;
/// 8-bit keeps the quantisation: lerp on `float(q)`, saturated to the type, then ties to even. All fractions 0 is nearest: an exact copy.
/// Fractions may lie outside 0…1 (a cubic's do), up to a magnitude of `largestFraction` (checked at load).
public struct Resize: Equatable, Sendable {
  public static let largestFraction: Float = 4096

  public var input: TensorIndex
  public var output: TensorIndex
  public var rows: TensorIndex
  public var rowFractions: TensorIndex
  public var columns: TensorIndex
  public var columnFractions: TensorIndex

  public init(input: TensorIndex, output: TensorIndex, rows: TensorIndex, rowFractions: TensorIndex, columns: TensorIndex, columnFractions: TensorIndex) {
    self.input = input
    self.output = output
    self.rows = rows
    self.rowFractions = rowFractions
    self.columns = columns
    self.columnFractions = columnFractions
  }
}

/// `y[b] = left[b] · right[b]` in float32: left `[batch, m, k]`, right `[batch, k, n]` (or `[batch, n, k]` transposed);
/// a batch stride of 0 repeats one matrix. Strides in elements.
public struct MatrixProduct: Equatable, Sendable {
  public var left: TensorIndex
  public var right: TensorIndex
  public var output: TensorIndex
  public var batch: Int32
  public var m: Int32
  public var n: Int32
  public var k: Int32
  public var leftBatchStride: Int64
  public var rightBatchStride: Int64
  public var isRightTransposed: Bool

  public init(
    left: TensorIndex, right: TensorIndex, output: TensorIndex, batch: Int32, m: Int32, n: Int32, k: Int32, leftBatchStride: Int64, rightBatchStride: Int64,
    isRightTransposed: Bool
  ) {
    self.left = left
    self.right = right
    self.output = output
    self.batch = batch
    self.m = m
    self.n = n
    self.k = k
    self.leftBatchStride = leftBatchStride
    self.rightBatchStride = rightBatchStride
    self.isRightTransposed = isRightTransposed
  }
}
