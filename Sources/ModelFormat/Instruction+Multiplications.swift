import Tensors

extension Instruction {
  /// Multiplications of a convolution, a product of matrices or an attention, as its definition counts them; nil for other families.
  public func multiplications(in program: Program) -> Int? {
    switch self {
    case .convolution(let fields):
      let weights = fields.kernelDimensions(program.tensors[Int(fields.weights)].dimensions)
      return program.tensors[Int(fields.output)].elementCount * weights.dropFirst().reduce(1, *)
    case .matrixProduct(let fields): return Int(fields.batch) * Int(fields.m) * Int(fields.n) * Int(fields.k)
    case .attention(let fields):
      let (queries, keys) = (program.tensors[Int(fields.queries)].dimensions, program.tensors[Int(fields.keys)].dimensions)
      return 2 * queries[0] * queries[1] * (keys[0] + (fields.ownKey == nil ? 0 : 1))
    default: return nil
    }
  }
}

extension Convolution {
  /// `[O,kH,kW,C/groups]`, from the dimensions of the tensor that holds the weights.
  public func kernelDimensions(_ stored: [Int]) -> [Int] {
    guard narrow?.bits == 4, let last = stored.last else { return stored }
    return stored.dropLast() + [2 * last]
  }
}

extension Program {
  /// The share of the convolutions' multiplications that are computed in float; 0 where there are none.
  public var floatShare: Double {
    var (float, all) = (0.0, 0.0)
    for instruction in instructions {
      guard case .convolution(let convolution) = instruction, let products = instruction.multiplications(in: self) else { continue }
      all += Double(products)
      if convolution.multipliers == nil { float += Double(products) }
    }
    return all > 0 ? float / all : 0
  }
}
