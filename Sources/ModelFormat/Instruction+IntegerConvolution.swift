/// Convolution of plain 8-bit integers that keeps its sums: `y[o] = Σ (x − zx) × (w − zw[o])` in int32, which wraps around; padding counts as
/// `x = zx`. Shapes as in `Convolution`; a matrix product is one with 1×1 kernels.
public struct IntegerConvolution: Equatable, Sendable {
  /// int8 or uint8, unquantised.
  public var input: TensorIndex
  /// One element of the input's type, often computed; 0 where absent.
  public var inputZeroPoint: TensorIndex?
  /// int8 or uint8, constant.
  public var weights: TensorIndex
  /// One element or one an output channel, constant, of the weights' type; 0 where absent.
  public var weightZeroPoints: TensorIndex?
  /// int32
  public var output: TensorIndex
  public var strides: HeightWidth
  public var dilations: HeightWidth
  public var padding: Padding
  public var groups: Int32

  public init(
    input: TensorIndex, inputZeroPoint: TensorIndex? = nil, weights: TensorIndex, weightZeroPoints: TensorIndex? = nil, output: TensorIndex,
    strides: HeightWidth = HeightWidth(1, 1), dilations: HeightWidth = HeightWidth(1, 1), padding: Padding = .zero, groups: Int32 = 1
  ) {
    self.input = input
    self.inputZeroPoint = inputZeroPoint
    self.weights = weights
    self.weightZeroPoints = weightZeroPoints
    self.output = output
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
    self.groups = groups
  }
}

extension IntegerConvolution {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&inputZeroPoint)
    try coder.code(&weights)
    try coder.code(&weightZeroPoints)
    try coder.code(&output)
    try coder.code(&strides)
    try coder.code(&dilations)
    try coder.code(&padding)
    try coder.code(&groups)
  }

  func renumbered(_ number: (TensorIndex) -> TensorIndex) -> IntegerConvolution {
    var fields = self
    fields.input = number(input)
    fields.inputZeroPoint = inputZeroPoint.map(number)
    fields.weights = number(weights)
    fields.weightZeroPoints = weightZeroPoints.map(number)
    fields.output = number(output)
    return fields
  }
}
