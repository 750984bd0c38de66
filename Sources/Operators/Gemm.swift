import ModelFormat
public import ModelGraph
public import Tensors

/// `alpha × A' × B' + beta × C` on matrices, A' and B' transposed where the attributes say so.
public struct Gemm: Operator, FusedOperator {
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
    guard a.elementType == b.elementType, a.elementType != .bool else {
      throw OperatorError(.invalid, "multiplies \(a.elementType.name) by \(b.elementType.name)")
    }
    return [TensorType(a.elementType, try checked([m, n]))]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let a = inputs.dimensions(0), let b = inputs.dimensions(1), a.count == 2, b.count == 2 else { return EvaluationCost() }
    return EvaluationCost(stepsOf: a + [b[transposesB ? 0 : 1]])
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let (a, b) = (try inputs.required(0, "A"), try inputs.required(1, "B"))
    // A product of half precision is rounded once, at the end.
    let computed: ElementType = type.elementType == .float16 ? .float32 : type.elementType
    let left = (transposesA ? a.transposed([1, 0]) : a).converted(to: computed)
    let right = (transposesB ? b.transposed([1, 0]) : b).converted(to: computed)
    let product = try MatMul(.plain("MatMul")).evaluate([left, right])[0]
    let addend = inputs.count > 2 ? inputs[2] : nil
    guard computed.isFloatingPoint else { return [try evaluateIntegers(product, addend)] }
    let addends = addend?.broadcastDoubles(to: type.dimensions)
    let values = product.doubles().enumerated().map { index, sum -> Double in
      let value = Double(alpha) * sum + Double(beta) * (addends?[index] ?? 0)
      guard epilogue != Epilogue() else { return value }
      let mapped = epilogue.function(Float(value), alpha: epilogue.alpha, beta: epilogue.beta)
      return Double(min(max(mapped, epilogue.lower), epilogue.upper))
    }
    return [HostTensor(doubles: values, as: type.elementType, dimensions: type.dimensions)]
  }

  /// Whole numbers take whole factors and wrap around.
  private func evaluateIntegers(_ product: HostTensor, _ addend: HostTensor?) throws(OperatorError) -> HostTensor {
    guard let alpha = Int64(exactly: alpha), let beta = Int64(exactly: beta) else {
      throw OperatorError(.unsupported, "scales whole numbers by \(alpha) and \(beta)")
    }
    let addends = addend.map { $0.broadcastOffsets(to: product.dimensions) }
    let patterns = addend?.lanes()
    let values = product.lanes().enumerated().map { index, sum in
      alpha &* sum &+ beta &* (addends.map { patterns![$0[index]] } ?? 0)
    }
    return HostTensor(lanes: values, as: product.elementType, dimensions: product.dimensions)
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let w = node.input(1) else { throw OperatorError(.invalid, "needs two matrices") }
    guard let weights = lowering.graph[w].constant, !transposesA, lowering.graph.type(of: x).elementType == .float32,
      hasConstantRow(node, lowering)
    else {
      if needsSteps(in: lowering) { return try lowerInSteps(node, into: &lowering) }
      return try lowering.lower(try composition(for: lowering.inputs(of: node)), of: node)
    }
    let m = lowering.dimensions(of: x)[0]
    var bias: HostTensor?
    var integerBias: (values: HostTensor, scales: [Float])?
    if let c = node.input(2), let constant = lowering.graph[c].constant {
      let n = lowering.dimensions(of: node.outputs[0])[1]
      bias = HostTensor(constant.broadcastFloats(to: [1, n]).map { $0 * beta }, dimensions: [n])
      if beta == 1, constant.elementCount == n { integerBias = lowering.graph[c].quantisedConstant?.symmetricBias }
    }
    // Output channel first.
    let order = transposesB ? [0, 1] : [1, 0]
    var matrix = weights.transposed(order)
    if alpha != 1 { matrix = HostTensor(matrix.floats().map { $0 * alpha }, dimensions: matrix.dimensions) }
    // A positive factor is one of the scales.
    let integers = alpha > 0 ? lowering.graph[w].quantisedConstant?.symmetricWeights(outputAxis: order[0], order: order) : nil
    let (o, k) = (matrix.dimensions[0], matrix.dimensions[1])
    let form = LinearForm(
      input: x, layout: .identity(rank: 2), inputImage: [1, m, 1, k], outputImage: [1, m, 1, o], weights: matrix.reshaped(to: [o, 1, 1, k]),
      integerWeights: integers.map { ($0.values.reshaped(to: [o, 1, 1, k]), $0.scales.map { $0 * alpha }) }, bias: bias,
      integerBias: integerBias, residual: nil, output: node.outputs[0], epilogue: epilogue)
    if needsSteps(in: lowering), !form.isInteger(in: lowering) { return try lowerInSteps(node, into: &lowering) }
    form.lower(into: &lowering)
  }

  /// Whether what is added is the same for every row, and known; or nothing.
  private func hasConstantRow(_ node: Node, _ lowering: Lowering) -> Bool {
    guard let c = node.input(2) else { return true }
    guard let constant = lowering.graph[c].constant else { return false }
    return constant.elementCount == constant.dimensions.last ?? 1
  }

  /// The general form: whatever is computed, transposed or added.
  private func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let type = try outputTypes(for: inputs)[0].elementType
    var parts = Composition()
    let left = try parts.transposed(.input(0), transposesA ? [1, 0] : [0, 1])
    let right = try parts.transposed(.input(1), transposesB ? [1, 0] : [0, 1])
    let number = { (value: Float) in Composition.Source.constant(HostTensor([value], dimensions: []).converted(to: type)) }
    guard type.isFloatingPoint || alpha == alpha.rounded() && beta == beta.rounded() else {
      throw OperatorError(.unsupported, "scales whole numbers by \(alpha) and \(beta)")
    }
    var y = parts.matrixProduct(left, right)
    if alpha != 1 { y = parts.product(y, number(alpha)) }
    if inputs.count > 2, inputs[2] != nil {
      y = parts.sum(y, beta == 1 ? .input(2) : parts.product(.input(2), number(beta)))
    }
    if epilogue.function != .identity { y = parts.function(epilogue.function, alpha: epilogue.alpha, beta: epilogue.beta, of: y) }
    if epilogue.lower > -.infinity || epilogue.upper < .infinity { y = parts.function(.clamp, alpha: epilogue.lower, beta: epilogue.upper, of: y) }
    parts.outputs = [y]
    return parts
  }
}
