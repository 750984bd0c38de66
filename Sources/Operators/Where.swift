public import ModelGraph
public import Tensors

/// condition ? x : y, element by element. Evaluated while compiling only.
public struct Where: Operator {
  public static let names = ["Where"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(1, "X").type
    return [
      TensorType(x.elementType, try broadcast(try [inputs.required(0, "condition").type.dimensions, x.dimensions, inputs.required(2, "Y").type.dimensions]))
    ]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let condition = try inputs.required(0, "condition")
    guard condition.elementType == .bool else { throw OperatorError(.invalid, "input 'condition' is \(condition.elementType.name), not bool") }
    let x = try inputs.required(1, "X")
    let y = try inputs.required(2, "Y")
    guard x.elementType == y.elementType else { throw OperatorError(.invalid, "X is \(x.elementType.name), Y is \(y.elementType.name)") }
    let dimensions = try broadcast([condition.dimensions, x.dimensions, y.dimensions])
    let size = x.elementType.byteCount
    var bytes: [UInt8] = []
    let choices = condition.broadcastOffsets(to: dimensions)
    for (choice, (a, b)) in zip(choices, zip(x.broadcastOffsets(to: dimensions), y.broadcastOffsets(to: dimensions))) {
      bytes += condition.bytes[choice] != 0 ? x.bytes[a * size..<(a + 1) * size] : y.bytes[b * size..<(b + 1) * size]
    }
    return [HostTensor(elementType: x.elementType, dimensions: dimensions, bytes: bytes)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
