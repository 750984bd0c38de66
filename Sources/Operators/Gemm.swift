import ModelFormat
public import ModelGraph
public import Tensors

/// `alpha × A' × B' + beta × C` on matrices, A' and B' transposed where the attributes say so.
public struct Gemm: Operator {
  public static let names = ["Gemm"]
  public var alpha: Float
  public var beta: Float
  public var transposesA: Bool
  public var transposesB: Bool
  public var epilogue = Epilogue()

  /// A plain matrix product.
  public init() {
    (alpha, beta, transposesA, transposesB) = (1, 1, false, false)
  }

  public init(_ description: OperatorDescription) throws(OperatorError) {
    alpha = try description.float("alpha", default: 1)
    beta = try description.float("beta", default: 1)
    transposesA = try description.integer("transA", default: 0) != 0
    transposesB = try description.integer("transB", default: 0) != 0
  }

  public var quantisationRule: QuantisationRule { .ownRange }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard inputs.count >= 2, let a = inputs[0]?.type, let b = inputs[1]?.type, a.dimensions.count == 2, b.dimensions.count == 2 else {
      throw OperatorError(.invalid, "needs two matrices")
    }
    let (m, k) = transposesA ? (a.dimensions[1], a.dimensions[0]) : (a.dimensions[0], a.dimensions[1])
    let (inner, n) = transposesB ? (b.dimensions[1], b.dimensions[0]) : (b.dimensions[0], b.dimensions[1])
    guard inner == k else { throw OperatorError(.invalid, "multiplies \(a.dimensions) by \(b.dimensions)") }
    if inputs.count > 2, let c = inputs[2]?.type.dimensions {
      guard c.count <= 2, zip(c.reversed(), [n, m]).allSatisfy({ $0 == 1 || $0 == $1 }) else {
        throw OperatorError(.invalid, "adds \(c) to a product of \([m, n])")
      }
    }
    return [TensorType(.float32, [m, n])]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    guard let a = inputs[0], let b = inputs[1] else { throw OperatorError(.invalid, "needs two matrices") }
    let left = transposesA ? a.transposed([1, 0]) : a
    let right = transposesB ? b.transposed([1, 0]) : b
    let (m, k, n) = (left.dimensions[0], left.dimensions[1], right.dimensions[1])
    let (x, w) = (left.floats(), right.floats())
    let bias = inputs.count > 2 ? inputs[2].map { Self.broadcast($0, m: m, n: n) } : nil
    var result: [Float] = []
    for row in 0..<m {
      for column in 0..<n {
        var sum = 0.0
        for inner in 0..<k { sum += Double(x[row * k + inner]) * Double(w[inner * n + column]) }
        let value = alpha * Float(sum) + beta * (bias?[row * n + column] ?? 0)
        let mapped = epilogue.function(value, alpha: epilogue.alpha, beta: epilogue.beta)
        result.append(min(max(mapped, epilogue.lower), epilogue.upper))
      }
    }
    return [HostTensor(result, dimensions: [m, n])]
  }

  /// The addend as `[m, n]`.
  private static func broadcast(_ tensor: HostTensor, m: Int, n: Int) -> [Float] {
    let values = tensor.floats()
    let dimensions = [Int](repeating: 1, count: max(0, 2 - tensor.dimensions.count)) + tensor.dimensions
    return (0..<m * n).map { index in
      values[(dimensions[0] == 1 ? 0 : index / n) * dimensions[1] + (dimensions[1] == 1 ? 0 : index % n)]
    }
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let w = node.input(1), let weights = lowering.graph[w].constant, !transposesA else {
      throw OperatorError(.unsupported, "needs constant weights and an A that is not transposed")
    }
    for input in node.inputs.compactMap({ $0 }) { try lowering.requireFloat(input) }
    let m = lowering.dimensions(of: x)[0]
    var bias: HostTensor?
    var integerBias: (values: HostTensor, scales: [Float])?
    if let c = node.input(2) {
      guard let constant = lowering.graph[c].constant, constant.elementCount == constant.dimensions.last ?? 1 else {
        throw OperatorError(.unsupported, "adds something else than a constant row")
      }
      let n = lowering.dimensions(of: node.outputs[0])[1]
      bias = HostTensor(Self.broadcast(constant, m: 1, n: n).map { $0 * beta }, dimensions: [n])
      if beta == 1, constant.elementCount == n { integerBias = lowering.graph[c].quantisedConstant?.symmetricBias }
    }
    // Output channel first.
    let order = transposesB ? [0, 1] : [1, 0]
    var matrix = weights.transposed(order)
    if alpha != 1 { matrix = HostTensor(matrix.floats().map { $0 * alpha }, dimensions: matrix.dimensions) }
    let integers = alpha == 1 ? lowering.graph[w].quantisedConstant?.symmetricWeights(outputAxis: order[0], order: order) : nil
    let (o, k) = (matrix.dimensions[0], matrix.dimensions[1])
    LinearForm(
      input: x, layout: .identity(rank: 2), inputImage: [1, m, 1, k], outputImage: [1, m, 1, o], weights: matrix.reshaped(to: [o, 1, 1, k]),
      integerWeights: integers.map { ($0.values.reshaped(to: [o, 1, 1, k]), $0.scales) }, bias: bias, integerBias: integerBias, residual: nil,
      output: node.outputs[0], epilogue: epilogue
    ).lower(into: &lowering)
  }
}
