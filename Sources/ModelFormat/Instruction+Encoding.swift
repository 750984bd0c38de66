/// An instruction's fields in a fixed order, written and read by one description, so that the two can't disagree.
///
/// A visitor either appends a field to the bytes or replaces it by what the bytes say.
protocol FieldCoder {
  mutating func code<Number: FixedWidthInteger>(_ value: inout Number) throws(ModelFormatError)
  mutating func code(_ value: inout Float) throws(ModelFormatError)
  mutating func code(_ value: inout Bool) throws(ModelFormatError)
}

struct FieldWriter: FieldCoder {
  var writer = ByteWriter()
  mutating func code<Number: FixedWidthInteger>(_ value: inout Number) { writer.write(value) }
  mutating func code(_ value: inout Float) { writer.write(value) }
  mutating func code(_ value: inout Bool) { writer.write(value) }
}

struct FieldReader: FieldCoder {
  var reader: ByteReader
  mutating func code<Number: FixedWidthInteger>(_ value: inout Number) throws(ModelFormatError) { value = try reader.integer() }
  mutating func code(_ value: inout Float) throws(ModelFormatError) { value = try reader.float() }
  mutating func code(_ value: inout Bool) throws(ModelFormatError) { value = try reader.flag() }
}

extension FieldCoder {
  /// An absent tensor is -1.
  mutating func code(_ value: inout TensorIndex?) throws(ModelFormatError) {
    var raw = value ?? -1
    try code(&raw)
    value = raw == -1 ? nil : raw
  }

  mutating func code(_ value: inout HeightWidth) throws(ModelFormatError) {
    try code(&value.height)
    try code(&value.width)
  }

  mutating func code(_ value: inout Padding) throws(ModelFormatError) {
    try code(&value.top)
    try code(&value.left)
    try code(&value.bottom)
    try code(&value.right)
  }

  mutating func code<Choice: RawRepresentable>(_ value: inout Choice) throws(ModelFormatError) where Choice.RawValue == Int32 {
    var raw = value.rawValue
    try code(&raw)
    guard let choice = Choice(rawValue: raw) else { throw ModelFormatError(.malformedProgram, "an instruction has the unknown choice \(raw)") }
    value = choice
  }

  mutating func code<Number: FixedWidthInteger>(_ list: inout [Number]) throws(ModelFormatError) {
    var count = Int32(list.count)
    try code(&count)
    guard 0...8 ~= count else { throw ModelFormatError(.malformedProgram, "an instruction has \(count) axes; at most 8 are allowed") }
    list += [Number](repeating: 0, count: max(0, Int(count) - list.count))
    for index in 0..<Int(count) { try code(&list[index]) }
  }
}

extension Instruction {
  /// The opcode in the file: never renumber.
  var opcode: UInt16 {
    switch self {
    case .convolution(let fields): fields.gates != nil ? 25 : fields.narrow.map { $0.activationBits == 32 ? 26 : 30 } ?? 1
    case .pooling: 2
    case .binary: 3
    case .unary: 4
    case .lookup: 5
    case .quantise: 6
    case .dequantise: 7
    case .softmax: 8
    case .copy: 9
    case .fill: 10
    case .reduction: 11
    case .resize: 12
    case .matrixProduct: 13
    case .arithmetic: 14
    case .mapping: 15
    case .cast: 16
    case .select: 17
    case .gather: 18
    case .scatter: 19
    case .argReduction: 20
    case .topK: 21
    case .cumulativeSum: 22
    case .recurrence: 23
    case .integerConvolution: 24
    case .attention: 27
    case .rotation: 28
    case .normalisation: 29
    }
  }

  func encode(to writer: inout ByteWriter) {
    var fields = FieldWriter(writer: writer)
    var copy = self
    fields.writer.write(opcode)
    // A writer never throws.
    try! copy.code(by: &fields)
    writer = fields.writer
  }

  init(from reader: inout ByteReader) throws(ModelFormatError) {
    let opcode: UInt16 = try reader.integer()
    guard var blank = Self.blank(opcode) else {
      throw ModelFormatError(.unsupportedVersion, "instruction \(opcode) is unknown: the package was made by a newer version")
    }
    var fields = FieldReader(reader: reader)
    try blank.code(by: &fields)
    reader = fields.reader
    self = blank
  }

  private static func blank(_ opcode: UInt16) -> Instruction? {
    let one = HeightWidth(1, 1)
    switch opcode {
    case 1: return .convolution(Convolution(input: 0, weights: 0, output: 0))
    case 2: return .pooling(Pooling(kind: .maximum, input: 0, output: 0, kernel: one, strides: one, padding: .zero))
    case 3: return .binary(Binary(operation: .add, left: 0, right: 0, output: 0))
    case 4: return .unary(Unary(function: .identity, input: 0, output: 0))
    case 5: return .lookup(Lookup(input: 0, table: 0, output: 0))
    case 6: return .quantise(Conversion(input: 0, output: 0))
    case 7: return .dequantise(Conversion(input: 0, output: 0))
    case 8: return .softmax(Softmax(input: 0, output: 0))
    case 9: return .copy(StridedCopy(input: 0, output: 0, extents: [], inputOffset: 0, inputStrides: [], outputOffset: 0, outputStrides: []))
    case 10: return .fill(Fill(output: 0, pattern: 0))
    case 11: return .reduction(Reduction(kind: .mean, input: 0, output: 0, outer: 1, reduced: 1, inner: 1))
    case 12: return .resize(Resize(input: 0, output: 0, rows: 0, rowFractions: 0, columns: 0, columnFractions: 0))
    case 13:
      return .matrixProduct(
        MatrixProduct(left: 0, right: 0, output: 0, batch: 1, m: 1, n: 1, k: 1, leftBatchStride: 0, rightBatchStride: 0, isRightTransposed: false))
    case 14: return .arithmetic(Arithmetic(operation: .add, left: 0, right: 0, output: 0))
    case 15: return .mapping(Mapping(function: .negate, input: 0, output: 0))
    case 16: return .cast(Conversion(input: 0, output: 0))
    case 17: return .select(Select(condition: 0, onTrue: 0, onFalse: 0, output: 0))
    case 18: return .gather(Gather(input: 0, indices: 0, output: 0, batch: 1, extents: [], count: 1, inner: 1, sharesIndices: false))
    case 19: return .scatter(Scatter(reduction: .none, input: 0, indices: 0, updates: 0, output: 0, batch: 1, extents: [], count: 1, inner: 1))
    case 20: return .argReduction(ArgReduction(input: 0, output: 0, outer: 1, reduced: 1, inner: 1))
    case 21: return .topK(TopK(input: 0, output: 0, outer: 1, length: 1, count: 1))
    case 22: return .cumulativeSum(CumulativeSum(input: 0, output: 0, outer: 1, length: 1, inner: 1))
    case 23: return .recurrence(Recurrence(kind: .simple, gates: 0, weights: 0, states: 0))
    case 24: return .integerConvolution(IntegerConvolution(input: 0, weights: 0, output: 0))
    case 25:
      var gated = Convolution(input: 0, weights: 0, output: 0)
      gated.gates = 0
      return .convolution(gated)
    case 26:
      var narrow = Convolution(input: 0, weights: 0, output: 0)
      narrow.narrow = Convolution.NarrowWeights(bits: 8, scales: 0, group: 2)
      return .convolution(narrow)
    case 30:
      var rounded = Convolution(input: 0, weights: 0, output: 0)
      rounded.narrow = Convolution.NarrowWeights(bits: 8, scales: 0, group: 2, activationBits: 16)
      return .convolution(rounded)
    case 27: return .attention(Attention(queries: 0, keys: 0, values: 0, output: 0, heads: 1))
    case 28: return .rotation(Rotation(input: 0, cosines: 0, sines: 0, rowPositions: 0, output: 0, heads: 1, isInterleaved: false))
    case 29: return .normalisation(Normalisation(input: 0, scale: 0, output: 0, epsilon: 0))
    default: return nil
    }
  }

  private mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    switch self {
    case .convolution(var fields):
      try fields.code(by: &coder)
      self = .convolution(fields)
    case .pooling(var fields):
      try fields.code(by: &coder)
      self = .pooling(fields)
    case .binary(var fields):
      try fields.code(by: &coder)
      self = .binary(fields)
    case .unary(var fields):
      try fields.code(by: &coder)
      self = .unary(fields)
    case .lookup(var fields):
      try fields.code(by: &coder)
      self = .lookup(fields)
    case .quantise(var fields):
      try fields.code(by: &coder)
      self = .quantise(fields)
    case .dequantise(var fields):
      try fields.code(by: &coder)
      self = .dequantise(fields)
    case .softmax(var fields):
      try fields.code(by: &coder)
      self = .softmax(fields)
    case .copy(var fields):
      try fields.code(by: &coder)
      self = .copy(fields)
    case .fill(var fields):
      try fields.code(by: &coder)
      self = .fill(fields)
    case .reduction(var fields):
      try fields.code(by: &coder)
      self = .reduction(fields)
    case .resize(var fields):
      try fields.code(by: &coder)
      self = .resize(fields)
    case .matrixProduct(var fields):
      try fields.code(by: &coder)
      self = .matrixProduct(fields)
    case .arithmetic(var fields):
      try fields.code(by: &coder)
      self = .arithmetic(fields)
    case .mapping(var fields):
      try fields.code(by: &coder)
      self = .mapping(fields)
    case .cast(var fields):
      try fields.code(by: &coder)
      self = .cast(fields)
    case .select(var fields):
      try fields.code(by: &coder)
      self = .select(fields)
    case .gather(var fields):
      try fields.code(by: &coder)
      self = .gather(fields)
    case .scatter(var fields):
      try fields.code(by: &coder)
      self = .scatter(fields)
    case .argReduction(var fields):
      try fields.code(by: &coder)
      self = .argReduction(fields)
    case .topK(var fields):
      try fields.code(by: &coder)
      self = .topK(fields)
    case .cumulativeSum(var fields):
      try fields.code(by: &coder)
      self = .cumulativeSum(fields)
    case .recurrence(var fields):
      try fields.code(by: &coder)
      self = .recurrence(fields)
    case .integerConvolution(var fields):
      try fields.code(by: &coder)
      self = .integerConvolution(fields)
    case .attention(var fields):
      try fields.code(by: &coder)
      self = .attention(fields)
    case .rotation(var fields):
      try fields.code(by: &coder)
      self = .rotation(fields)
    case .normalisation(var fields):
      try fields.code(by: &coder)
      self = .normalisation(fields)
    }
  }
}
