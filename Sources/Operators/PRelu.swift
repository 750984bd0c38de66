import ModelFormat
public import ModelGraph
public import Tensors

/// x < 0 ? slope × x : x, with a slope that broadcasts to x (one a channel).
public struct PRelu: UnaryOperator {
  public static let names = ["PRelu"]

  public init(_ description: OperatorDescription) {}

  public func elementFunction(for inputs: [OperatorInput?]) throws(OperatorError) -> ElementFunction? {
    guard let slope = try inputs.required(1, "slope").constant, slope.elementCount == 1 else { return nil }
    return ElementFunction(.leakyRelu, alpha: slope.floats()[0])
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let slope = try inputs.required(1, "slope").type
    guard try broadcast([x.dimensions, slope.dimensions]) == x.dimensions else {
      throw OperatorError(.invalid, "input 'slope' \(slope.dimensions) doesn't broadcast to x \(x.dimensions)")
    }
    return [x]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let slopes = try inputs.required(1, "slope")
    _ = try outputTypes(for: inputs.asInputs)
    let values = zip(x.floats(), slopes.broadcastFloats(to: x.dimensions)).map { $0 < 0 ? $0 * $1 : $0 }
    return [HostTensor(values, dimensions: x.dimensions).converted(to: x.elementType)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let slope = node.input(1) else { throw OperatorError(.invalid, "needs X and slope") }
    let y = node.outputs[0]
    if let function = try elementFunction(for: lowering.inputs(of: node)) { return try lowering.lower(function, of: x, to: y) }
    try lowering.requireFloat(x)
    try lowering.requireFloat(slope)
    let layout = lowering.layout(of: x)
    let input = lowering.operand(x, layout: layout, as: .plain)
    let slopes = lowering.broadcastOperand(slope, to: y, layout, as: .plain)
    let dimensions = layout.physical(lowering.dimensions(of: y))
    let name = lowering.graph[y].name
    let positive = lowering.addTensor(name: name, elementType: .float32, dimensions: dimensions)
    let negative = lowering.addTensor(name: name, elementType: .float32, dimensions: dimensions)
    let scaled = lowering.addTensor(name: name, elementType: .float32, dimensions: dimensions)
    let output = lowering.result(y, layout: layout, as: .plain)
    lowering.emit(.unary(Unary(function: .clamp, alpha: 0, beta: .infinity, input: input, output: positive)))
    lowering.emit(.unary(Unary(function: .clamp, alpha: -.infinity, beta: 0, input: input, output: negative)))
    lowering.emit(.binary(Binary(operation: .multiply, left: negative, right: slopes, output: scaled)))
    lowering.emit(.binary(Binary(operation: .add, left: positive, right: scaled, output: output)))
  }
}
