extension Instruction {
  /// The tensors that the instruction reads, constants included.
  public var reads: [TensorIndex] {
    switch self {
    case .convolution(let fields):
      [fields.input, fields.weights] + [fields.bias, fields.multipliers, fields.table, fields.gates, fields.narrow?.scales, fields.residual].compactMap { $0 }
    case .pooling(let fields): [fields.input]
    case .binary(let fields): [fields.left, fields.right]
    case .unary(let fields): [fields.input]
    case .lookup(let fields): [fields.input, fields.table]
    case .quantise(let fields), .dequantise(let fields): [fields.input]
    case .softmax(let fields): [fields.input]
    case .copy(let fields): [fields.input]
    case .fill: []
    case .reduction(let fields): [fields.input]
    case .resize(let fields): [fields.input, fields.rows, fields.rowFractions, fields.columns, fields.columnFractions]
    case .matrixProduct(let fields): [fields.left, fields.right]
    case .arithmetic(let fields): [fields.left, fields.right]
    case .mapping(let fields): [fields.input]
    case .cast(let fields): [fields.input]
    case .select(let fields): [fields.condition, fields.onTrue, fields.onFalse]
    case .gather(let fields): [fields.input, fields.indices]
    case .scatter(let fields): [fields.input, fields.indices, fields.updates]
    case .argReduction(let fields): [fields.input]
    case .topK(let fields): [fields.input]
    case .cumulativeSum(let fields): [fields.input]
    case .recurrence(let fields): [fields.gates, fields.weights] + fields.optionalReads
    case .integerConvolution(let fields): [fields.input, fields.weights] + [fields.inputZeroPoint, fields.weightZeroPoints].compactMap { $0 }
    case .attention(let fields): fields.reads
    case .rotation(let fields): fields.reads
    case .normalisation(let fields): fields.reads
    }
  }

  /// The tensor that the instruction writes, in whole or (copy) in part.
  public var written: TensorIndex {
    switch self {
    case .convolution(let fields): fields.output
    case .pooling(let fields): fields.output
    case .binary(let fields): fields.output
    case .unary(let fields): fields.output
    case .lookup(let fields): fields.output
    case .quantise(let fields), .dequantise(let fields): fields.output
    case .softmax(let fields): fields.output
    case .copy(let fields): fields.output
    case .fill(let fields): fields.output
    case .reduction(let fields): fields.output
    case .resize(let fields): fields.output
    case .matrixProduct(let fields): fields.output
    case .arithmetic(let fields): fields.output
    case .mapping(let fields): fields.output
    case .cast(let fields): fields.output
    case .select(let fields): fields.output
    case .gather(let fields): fields.output
    case .scatter(let fields): fields.output
    case .argReduction(let fields): fields.output
    case .topK(let fields): fields.output
    case .cumulativeSum(let fields): fields.output
    case .recurrence(let fields): fields.states
    case .integerConvolution(let fields): fields.output
    case .attention(let fields): fields.output
    case .rotation(let fields): fields.output
    case .normalisation(let fields): fields.output
    }
  }

  /// The family's name in tables and messages.
  public var family: StaticString {
    switch self {
    case .convolution: "convolution"
    case .pooling: "pooling"
    case .binary: "binary"
    case .unary: "unary"
    case .lookup: "lookup"
    case .quantise: "quantise"
    case .dequantise: "dequantise"
    case .softmax: "softmax"
    case .copy: "copy"
    case .fill: "fill"
    case .reduction: "reduction"
    case .resize: "resize"
    case .matrixProduct: "matrix product"
    case .arithmetic: "arithmetic"
    case .mapping: "mapping"
    case .cast: "cast"
    case .select: "select"
    case .gather: "gather"
    case .scatter: "scatter"
    case .argReduction: "arg reduction"
    case .topK: "top k"
    case .cumulativeSum: "cumulative sum"
    case .recurrence: "recurrence"
    case .integerConvolution: "integer convolution"
    case .attention: "attention"
    case .rotation: "rotation"
    case .normalisation: "normalisation"
    }
  }
}
