extension Instruction {
  /// The same instruction on tensors of other numbers.
  public func renumbered(_ number: (TensorIndex) -> TensorIndex) -> Instruction {
    switch self {
    case .convolution(var fields):
      fields.input = number(fields.input)
      fields.weights = number(fields.weights)
      fields.output = number(fields.output)
      fields.bias = fields.bias.map(number)
      fields.multipliers = fields.multipliers.map(number)
      fields.table = fields.table.map(number)
      fields.gates = fields.gates.map(number)
      if let narrow = fields.narrow { fields.narrow?.scales = number(narrow.scales) }
      fields.residual = fields.residual.map(number)
      return .convolution(fields)
    case .pooling(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .pooling(fields)
    case .binary(var fields):
      fields.left = number(fields.left)
      fields.right = number(fields.right)
      fields.output = number(fields.output)
      return .binary(fields)
    case .unary(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .unary(fields)
    case .lookup(var fields):
      fields.input = number(fields.input)
      fields.table = number(fields.table)
      fields.output = number(fields.output)
      return .lookup(fields)
    case .quantise(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .quantise(fields)
    case .dequantise(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .dequantise(fields)
    case .softmax(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .softmax(fields)
    case .copy(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .copy(fields)
    case .fill(var fields):
      fields.output = number(fields.output)
      return .fill(fields)
    case .reduction(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .reduction(fields)
    case .resize(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      fields.rows = number(fields.rows)
      fields.rowFractions = number(fields.rowFractions)
      fields.columns = number(fields.columns)
      fields.columnFractions = number(fields.columnFractions)
      return .resize(fields)
    case .matrixProduct(var fields):
      fields.left = number(fields.left)
      fields.right = number(fields.right)
      fields.output = number(fields.output)
      return .matrixProduct(fields)
    case .arithmetic(var fields):
      fields.left = number(fields.left)
      fields.right = number(fields.right)
      fields.output = number(fields.output)
      return .arithmetic(fields)
    case .mapping(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .mapping(fields)
    case .cast(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .cast(fields)
    case .select(var fields):
      fields.condition = number(fields.condition)
      fields.onTrue = number(fields.onTrue)
      fields.onFalse = number(fields.onFalse)
      fields.output = number(fields.output)
      return .select(fields)
    case .gather(var fields):
      fields.input = number(fields.input)
      fields.indices = number(fields.indices)
      fields.output = number(fields.output)
      return .gather(fields)
    case .scatter(var fields):
      fields.input = number(fields.input)
      fields.indices = number(fields.indices)
      fields.updates = number(fields.updates)
      fields.output = number(fields.output)
      return .scatter(fields)
    case .argReduction(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .argReduction(fields)
    case .topK(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .topK(fields)
    case .cumulativeSum(var fields):
      fields.input = number(fields.input)
      fields.output = number(fields.output)
      return .cumulativeSum(fields)
    case .recurrence(let fields): return .recurrence(fields.renumbered(number))
    case .integerConvolution(let fields): return .integerConvolution(fields.renumbered(number))
    case .attention(let fields): return .attention(fields.renumbered(number))
    case .rotation(let fields): return .rotation(fields.renumbered(number))
    case .normalisation(let fields): return .normalisation(fields.renumbered(number))
    }
  }
}
