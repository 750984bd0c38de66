import ModelFormat
public import ModelGraph
public import Tensors

/// The matrix product over the last two axes, broadcast over the others as NumPy does.
public struct MatMul: Operator {
  public static let names = ["MatMul"]

  public init(_ description: OperatorDescription) {}

  public var quantisationRule: QuantisationRule { .ownRange }

  /// Shapes as matrices: a vector on the left is a row, on the right a column.
  struct Shapes {
    var batch: [Int]
    var leftBatch: [Int]
    var rightBatch: [Int]
    var m: Int
    var k: Int
    var n: Int
    var output: [Int]

    init(_ a: [Int], _ b: [Int]) throws(OperatorError) {
      guard !a.isEmpty, !b.isEmpty else { throw OperatorError(.invalid, "multiplies scalars") }
      let left = a.count == 1 ? [1] + a : a
      let right = b.count == 1 ? b + [1] : b
      (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
      guard right[right.count - 2] == k else { throw OperatorError(.invalid, "multiplies \(a) by \(b)") }
      (leftBatch, rightBatch) = (Array(left.dropLast(2)), Array(right.dropLast(2)))
      batch = try broadcast([leftBatch, rightBatch])
      output = try checked(batch + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n]))
    }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (a, b) = (try inputs.required(0, "A").type, try inputs.required(1, "B").type)
    guard a.elementType == b.elementType, a.elementType != .bool else {
      throw OperatorError(.invalid, "multiplies \(a.elementType.name) by \(b.elementType.name)")
    }
    return [TensorType(a.elementType, try Shapes(a.dimensions, b.dimensions).output)]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { .matrixProduct(inputs) }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    let shapes = try Shapes(a.dimensions, b.dimensions)
    if type.elementType.isFloatingPoint {
      return [HostTensor(doubles: products(a.doubles(), b.doubles(), shapes, zero: 0) { $0 + $1 * $2 }, as: type.elementType, dimensions: type.dimensions)]
    }
    let sums = products(a.lanes(), b.lanes(), shapes, zero: 0) { $0 &+ $1 &* $2 }
    return [HostTensor(lanes: sums, as: type.elementType, dimensions: type.dimensions)]
  }

  private func products<Number>(
    _ x: [Number], _ w: [Number], _ shapes: Shapes, zero: Number, _ accumulate: (Number, Number, Number) -> Number
  ) -> [Number] {
    let (m, k, n) = (shapes.m, shapes.k, shapes.n)
    let matrices = { (own: [Int]) in
      HostTensor((0..<own.elementCount).map { Int64($0) }, dimensions: own).broadcastIntegers(to: shapes.batch).map { Int($0) }
    }
    var result: [Number] = []
    result.reserveCapacity(shapes.output.elementCount)
    for (left, right) in zip(matrices(shapes.leftBatch), matrices(shapes.rightBatch)) {
      for row in 0..<m {
        for column in 0..<n {
          var sum = zero
          for inner in 0..<k { sum = accumulate(sum, x[(left * m + row) * k + inner], w[(right * k + inner) * n + column]) }
          result.append(sum)
        }
      }
    }
    return result
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let a = node.input(0), let b = node.input(1) else { throw OperatorError(.invalid, "needs A and B") }
    let shapes = try Shapes(lowering.dimensions(of: a), lowering.dimensions(of: b))
    if lowering.graph.type(of: a).elementType.isFloatingPoint == false { return try lowering.lower(try integerComposition(shapes), of: node) }
    try lowering.requireFloat(a)
    try lowering.requireFloat(b)
    if let weights = lowering.graph[b].constant, weights.dimensions.count == 2, lowering.dimensions(of: a).count >= 2 {
      return lowerLinear(node, a, b, weights, shapes, into: &lowering)
    }
    let batch = shapes.batch.elementCount
    let (left, right) = (shapes.leftBatch.elementCount, shapes.rightBatch.elementCount)
    guard left == batch || left == 1, right == batch || right == 1 else { return try lowering.lower(try repeatingComposition(shapes), of: node) }
    let x = lowering.operand(a, layout: .identity(rank: lowering.dimensions(of: a).count), as: .plain)
    let rank = lowering.dimensions(of: b).count
    let swapped = rank >= 2 ? Layout(Array(0..<rank - 2) + [rank - 1, rank - 2]) : .identity(rank: rank)
    let isTransposed = rank >= 2 && !lowering.isConstant(b) && lowering.layout(of: b) == swapped
    let w = lowering.operand(b, layout: isTransposed ? swapped : .identity(rank: rank), as: .plain)
    let y = lowering.result(node.outputs[0], layout: .identity(rank: shapes.output.count), as: .plain)
    lowering.emit(
      .matrixProduct(
        MatrixProduct(
          left: x, right: w, output: y, batch: Int32(batch), m: Int32(shapes.m), n: Int32(shapes.n), k: Int32(shapes.k),
          leftBatchStride: left == 1 ? 0 : Int64(shapes.m * shapes.k), rightBatchStride: right == 1 ? 0 : Int64(shapes.k * shapes.n),
          isRightTransposed: isTransposed)))
  }

  /// Both sides with all matrices at hand, where each holds several but not all.
  private func repeatingComposition(_ shapes: Shapes) throws(OperatorError) -> Composition {
    var parts = Composition()
    let left = try parts.expanded(.input(0), to: shapes.batch + [shapes.m, shapes.k])
    let right = try parts.expanded(.input(1), to: shapes.batch + [shapes.k, shapes.n])
    parts.outputs = [parts.matrixProduct(left, right)]
    return parts
  }

  /// Whole numbers have no matrix kernel: all products, then their sums.
  private func integerComposition(_ shapes: Shapes) throws(OperatorError) -> Composition {
    guard let count = (shapes.batch + [shapes.m, shapes.k, shapes.n]).checkedElementCount, count <= 1 << 24 else {
      throw OperatorError(.unsupported, "multiplies large matrices of whole numbers; at most 2^24 products are supported")
    }
    var parts = Composition()
    let left = try parts.reshaped(.input(0), to: shapes.leftBatch + [shapes.m, shapes.k, 1])
    let right = try parts.reshaped(.input(1), to: shapes.rightBatch + [1, shapes.k, shapes.n])
    let sums = try parts.total(of: parts.product(left, right), over: [shapes.batch.count + 1], keepsAxes: false)
    parts.outputs = [try parts.reshaped(sums, to: shapes.output)]
    return parts
  }

  /// Constant weights: a convolution with a 1×1 kernel, every row of the left side a pixel, in float or in 8 bits.
  private func lowerLinear(_ node: Node, _ a: ValueID, _ b: ValueID, _ weights: HostTensor, _ shapes: Shapes, into lowering: inout Lowering) {
    let current = lowering.layout(of: a)
    let layout = current.order.last == current.rank - 1 ? current : .identity(rank: current.rank)
    let rows = lowering.dimensions(of: a).elementCount / max(shapes.k, 1)
    let integers = lowering.graph[b].quantisedConstant?.symmetricWeights(outputAxis: 1, order: [1, 0])
    let kernel = [shapes.n, 1, 1, shapes.k]
    LinearForm(
      input: a, layout: layout, inputImage: [1, rows, 1, shapes.k], outputImage: [1, rows, 1, shapes.n],
      weights: weights.transposed([1, 0]).reshaped(to: kernel),
      integerWeights: integers.map { ($0.values.reshaped(to: kernel), $0.scales) }, bias: nil, integerBias: nil, residual: nil, output: node.outputs[0],
      epilogue: Epilogue()
    ).lower(into: &lowering)
  }
}
