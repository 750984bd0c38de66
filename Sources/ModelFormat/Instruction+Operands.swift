extension Instruction {
  /// The tensors that the instruction reads, constants included.
  public var reads: [TensorIndex] {
    switch self {
    case .convolution(let fields):
      [fields.input, fields.weights] + [fields.bias, fields.multipliers, fields.table, fields.residual].compactMap { $0 }
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
    }
  }
}
