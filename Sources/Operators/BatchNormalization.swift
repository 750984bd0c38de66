import ModelFormat
public import ModelGraph
public import Tensors

/// `y = scale × (x − mean) ÷ √(variance + ε) + shift` for each channel (axis 1), with the statistics of training. Inputs: x,
/// scale, shift, mean, variance.
public struct BatchNormalization: Operator {
  public static let names = ["BatchNormalization"]

  public var epsilon: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    epsilon = try description.float("epsilon", default: 1e-5)
    let isTraining = description.opset < 7 ? try description.integer("is_test", default: 0) == 0 : try description.integer("training_mode", default: 0) != 0
    guard !isTraining, try description.integer("spatial", default: 1) == 1, description.outputCount <= 1 else {
      throw OperatorError(.unsupported, "is in training mode; export the model for inference")
    }
  }

  public var quantisationRule: QuantisationRule { .ownRange }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    for (position, name) in zip(1...4, ["scale", "B", "mean", "var"]) {
      let dimensions = try inputs.required(position, name).type.dimensions
      guard x.dimensions.count >= 2, dimensions == [x.dimensions[1]] else {
        throw OperatorError(.invalid, "input '\(name)' is \(dimensions) for x \(x.dimensions)")
      }
    }
    return [x]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    _ = try outputTypes(for: inputs.asInputs)
    let x = try inputs.required(0, "X")
    let (factors, shifts) = affine(inputs)
    let inner = x.dimensions[2...].reduce(1, *)
    let values = x.floats().enumerated().map { index, value in
      let channel = index / inner % factors.count
      return value * factors[channel] + shifts[channel]
    }
    return [HostTensor(values, dimensions: x.dimensions).converted(to: x.elementType)]
  }

  /// Factor and addend of each channel. - Precondition: the statistics are there.
  private func affine(_ inputs: [HostTensor?]) -> (factors: [Float], shifts: [Float]) {
    let parts = (1...4).map { inputs[$0]!.floats() }
    let factors = zip(parts[0], parts[3]).map { $0 / ($1 + epsilon).squareRoot() }
    return (factors, parts[1].indices.map { parts[1][$0] - parts[2][$0] * factors[$0] })
  }

  /// With statistics that are computed.
  private func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type.dimensions
    let shape = [1, x[1]] + [Int](repeating: 1, count: x.count - 2)
    var parts = Composition()
    var channels: [Composition.Source] = []
    for position in 1...4 { channels.append(try parts.reshaped(.input(position), to: shape)) }
    let factor = parts.quotient(channels[0], parts.function(.sqrt, of: parts.affine(channels[3], plus: epsilon)))
    let shift = parts.difference(channels[1], parts.product(channels[2], factor))
    parts.outputs = [parts.sum(parts.product(.input(0), factor), shift)]
    return parts
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    guard (1...4).allSatisfy({ inputs[$0]?.constant != nil }) else { return try lowering.lower(try composition(for: inputs), of: node) }
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try lowering.requireFloat(x)
    let (factors, shifts) = affine(inputs.map { $0?.constant })
    let layout = lowering.layout(of: x)
    let y = node.outputs[0]
    let name = lowering.graph[y].name
    let dimensions = lowering.dimensions(of: y)
    let broadcast = layout.physical(dimensions.indices.map { $0 == 1 ? factors.count : 1 })
    let input = lowering.operand(x, layout: layout, as: .plain)
    let factor = lowering.addConstant(HostTensor(factors, dimensions: broadcast), name: "\(name).factors")
    let shift = lowering.addConstant(HostTensor(shifts, dimensions: broadcast), name: "\(name).shifts")
    let scaled = lowering.addTensor(name: name, elementType: .float32, dimensions: layout.physical(dimensions))
    lowering.emit(.binary(Binary(operation: .multiply, left: input, right: factor, output: scaled)))
    lowering.emit(.binary(Binary(operation: .add, left: scaled, right: shift, output: lowering.result(y, layout: layout, as: .plain))))
  }
}
