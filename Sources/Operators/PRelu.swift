import ModelFormat
public import ModelGraph
public import Tensors

/// x < 0 ? slope × x : x, with a slope that broadcasts to x (one a channel; before operator set 7 a list of them, too).
public struct PRelu: UnaryOperator {
  public static let names = ["PRelu"]

  /// A list of slopes has one for each channel, axis 1.
  public var listsChannels: Bool

  public init(_ description: OperatorDescription) { listsChannels = description.opset < 7 }

  public func elementFunction(for inputs: [OperatorInput?]) throws(OperatorError) -> ElementFunction? {
    guard let slope = try inputs.required(1, "slope").constant, slope.elementCount == 1 else { return nil }
    return ElementFunction(.leakyRelu, alpha: slope.floats()[0])
  }

  /// The slope's dimensions, ready to broadcast.
  private func slopeDimensions(_ x: [Int], _ slope: [Int]) throws(OperatorError) -> [Int] {
    let dimensions = listsChannels && slope.count == 1 && slope[0] > 1 && x.count > 2 ? slope + [Int](repeating: 1, count: x.count - 2) : slope
    guard try broadcast([x, dimensions]) == x else { throw OperatorError(.invalid, "input 'slope' \(slope) doesn't broadcast to x \(x)") }
    return dimensions
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let slope = try inputs.required(1, "slope").type
    guard slope.elementType == x.elementType else {
      throw OperatorError(.invalid, "input 'slope' is \(slope.elementType.name), x \(x.elementType.name)")
    }
    _ = try slopeDimensions(x.dimensions, slope.dimensions)
    return [x]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let (x, given) = (try inputs.required(0, "X"), try inputs.required(1, "slope"))
    let slope = given.reshaped(to: try slopeDimensions(x.dimensions, given.dimensions))
    if x.elementType.isFloatingPoint {
      let values = zip(x.doubles(), slope.broadcastDoubles(to: x.dimensions)).map { $0 < 0 ? $0 * $1 : $0 }
      return [HostTensor(doubles: values, as: x.elementType, dimensions: x.dimensions)]
    }
    let isUnsigned = x.elementType.lowestLane == 0
    let values = zip(x.lanes(), slope.broadcastLanes(to: x.dimensions)).map { $0 < 0 && !isUnsigned ? $0 &* $1 : $0 }
    return [HostTensor(lanes: values, as: type.elementType, dimensions: x.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let slope = node.input(1) else { throw OperatorError(.invalid, "needs X and slope") }
    let y = node.outputs[0]
    if let function = try elementFunction(for: lowering.inputs(of: node)) { return try lowering.lower(function, of: x, to: y) }
    let dimensions = try slopeDimensions(lowering.dimensions(of: x), lowering.dimensions(of: slope))
    if dimensions != lowering.dimensions(of: slope) {
      var parts = Composition()
      parts.outputs = [parts.add(PRelu(.plain("PRelu")), .input(0), try parts.reshaped(.input(1), to: dimensions))]
      return try lowering.lower(parts, of: node)
    }
    try lowering.requireFloat(x)
    try lowering.requireFloat(slope)
    let layout = lowering.layout(of: x)
    let input = lowering.operand(x, layout: layout, as: .plain)
    let slopes = lowering.broadcastOperand(slope, to: y, layout, as: .plain)
    let name = lowering.graph[y].name
    let physical = layout.physical(lowering.dimensions(of: y))
    let positive = lowering.addTensor(name: name, elementType: .float32, dimensions: physical)
    let negative = lowering.addTensor(name: name, elementType: .float32, dimensions: physical)
    let scaled = lowering.addTensor(name: name, elementType: .float32, dimensions: physical)
    let output = lowering.result(y, layout: layout, as: .plain)
    lowering.emit(.unary(Unary(function: .clamp, alpha: 0, beta: .infinity, input: input, output: positive)))
    lowering.emit(.unary(Unary(function: .clamp, alpha: -.infinity, beta: 0, input: input, output: negative)))
    lowering.emit(.binary(Binary(operation: .multiply, left: negative, right: slopes, output: scaled)))
    lowering.emit(.binary(Binary(operation: .add, left: positive, right: scaled, output: output)))
  }
}
