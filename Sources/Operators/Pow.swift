import ModelFormat
public import ModelGraph
public import Tensors

/// a ^ b, in the base's type; a constant exponent makes it a function of the base.
public struct Pow: Operator {
  public static let names = ["Pow"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let base = try inputs.required(0, "X").type
    return [TensorType(base.elementType, try broadcast([base.dimensions, try inputs.required(1, "Y").type.dimensions]))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    [try Binary.Operation.power.evaluate(try inputs.required(0, "X"), try inputs.required(1, "Y"))]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let base = node.input(0), let exponent = node.input(1) else { throw OperatorError(.invalid, "needs X and Y") }
    let output = node.outputs[0]
    let types = [base, exponent].map { lowering.graph.type(of: $0).elementType }
    let isFloat = types[0] == .float32
    if isFloat, let constant = lowering.graph[exponent].constant, constant.elementCount == 1, lowering.dimensions(of: base) == lowering.dimensions(of: output) {
      return try lowering.lower(ElementFunction(.power, alpha: constant.floats()[0]), of: base, to: output)
    }
    guard types[0] != types[1] else { return try lowering.lower(Binary.Operation.power, of: [base, exponent], to: output) }
    // Floating point on either side makes it a power of floats; whole numbers of two widths meet in the widest.
    let common = types.contains(.float32) ? ElementType.float32 : .int64
    let layout = lowering.broadcastLayout([base, exponent], to: output)
    let left = lowering.cast(lowering.broadcastOperand(base, to: output, layout, as: .plain), to: common)
    let right = lowering.cast(lowering.broadcastOperand(exponent, to: output, layout, as: .plain), to: common)
    let dimensions = layout.physical(lowering.dimensions(of: output))
    let y = lowering.result(output, layout: layout, as: .plain)
    let power = types[0] == common ? y : lowering.addTensor(name: "power", elementType: common, dimensions: dimensions)
    if common == .float32 {
      lowering.emit(.binary(Binary(operation: .power, left: left, right: right, output: power)))
    } else {
      lowering.emit(.arithmetic(Arithmetic(operation: .power, left: left, right: right, output: power)))
    }
    if power != y { lowering.emit(.cast(Conversion(input: power, output: y))) }
  }
}
