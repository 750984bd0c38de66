import ModelFormat
public import ModelGraph
public import Tensors

/// The matrix product over the last two axes, broadcast over the others as NumPy does.
public struct MatMul: Operator {
  public static let names = ["MatMul"]

  public init(_ description: OperatorDescription) {}

  public var quantisationRule: QuantisationRule { .ownRange }

  /// Shapes as matrices: a vector on the left is a row, on the right a column.
  private struct Shapes {
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
    let a = try inputs.required(0, "A").type
    return [TensorType(a.elementType, try Shapes(a.dimensions, try inputs.required(1, "B").type.dimensions).output)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    let shapes = try Shapes(a.dimensions, b.dimensions)
    let (x, w) = (a.floats(), b.floats())
    let (m, k, n) = (shapes.m, shapes.k, shapes.n)
    let lefts = HostTensor(Array(0..<shapes.leftBatch.elementCount).map { Int64($0) }, dimensions: shapes.leftBatch).broadcastIntegers(to: shapes.batch)
    let rights = HostTensor(Array(0..<shapes.rightBatch.elementCount).map { Int64($0) }, dimensions: shapes.rightBatch).broadcastIntegers(to: shapes.batch)
    var result: [Float] = []
    for (left, right) in zip(lefts, rights) {
      for row in 0..<m {
        for column in 0..<n {
          let sum = (0..<k).reduce(0.0) { $0 + Double(x[(Int(left) * m + row) * k + $1]) * Double(w[(Int(right) * k + $1) * n + column]) }
          result.append(Float(sum))
        }
      }
    }
    return [HostTensor(result, dimensions: shapes.output).converted(to: a.elementType)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let a = node.input(0), let b = node.input(1) else { throw OperatorError(.invalid, "needs A and B") }
    try lowering.requireFloat(a)
    try lowering.requireFloat(b)
    let shapes = try Shapes(lowering.dimensions(of: a), lowering.dimensions(of: b))
    if let weights = lowering.graph[b].constant, weights.dimensions.count == 2, lowering.dimensions(of: a).count >= 2 {
      return lowerLinear(node, a, b, weights, shapes, into: &lowering)
    }
    let batch = shapes.batch.elementCount
    let (left, right) = (shapes.leftBatch.elementCount, shapes.rightBatch.elementCount)
    guard left == batch || left == 1, right == batch || right == 1 else {
      throw OperatorError(.unsupported, "broadcasts matrices \(shapes.leftBatch) against \(shapes.rightBatch); one side must hold them all, or a single one")
    }
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
