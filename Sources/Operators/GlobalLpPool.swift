import ModelFormat
public import ModelGraph
public import Tensors

/// The p-norm of each channel over all positions.
public struct GlobalLpPool: Operator {
  public static let names = ["GlobalLpPool"]

  private let norm: PowerNorm

  public init(_ description: OperatorDescription) throws(OperatorError) {
    norm = try PowerNorm(description)
  }

  public var tolerance: Float { 2e-5 }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    guard x.dimensions.count >= 3 else { throw OperatorError(.invalid, "\(x.dimensions) has no spatial axes") }
    return [TensorType(x.elementType, Array(x.dimensions[..<2]) + x.dimensions[2...].map { _ in 1 })]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let x = try inputs.required(0, "X")
    let values = x.doubles()
    let size = x.dimensions[2...].reduce(1, *)
    let norms = (0..<type.elementCount).map { plane in norm.root(values[plane * size..<(plane + 1) * size].reduce(0) { $0 + norm.term($1) }) }
    return [HostTensor(doubles: norms, as: x.elementType, dimensions: type.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try lowering.requireFloat(x)
    let dimensions = lowering.dimensions(of: x)
    guard !dimensions.contains(0) else { throw OperatorError(.unsupported, "takes the norm of \(dimensions), which has no elements") }
    let layout = Layout.channelsLast(rank: dimensions.count)
    let terms = norm.emitTerms(of: lowering.operand(x, layout: layout, as: .plain), into: &lowering)
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    let sums = lowering.addTensor(like: output, dimensions: lowering.tensors[Int(output)].dimensions)
    lowering.emit(
      .reduction(
        Reduction(
          kind: .sum, input: terms, output: sums, outer: Int32(dimensions[0]), reduced: Int32(dimensions[2...].reduce(1, *)), inner: Int32(dimensions[1]))))
    norm.emitRoot(of: sums, to: output, into: &lowering)
  }
}
