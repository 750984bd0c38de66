public import ModelGraph
public import Tensors

/// condition ? x : y, element by element.
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

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let condition = node.input(0), let x = node.input(1), let y = node.input(2) else { throw OperatorError(.invalid, "needs condition, X and Y") }
    let types = [condition, x, y].map { lowering.graph.type(of: $0).elementType }
    guard types[0] == .bool else { throw OperatorError(.invalid, "input 'condition' is \(types[0].name), not bool") }
    guard types[1] == types[2] else { throw OperatorError(.invalid, "X is \(types[1].name), Y is \(types[2].name)") }
    lowering.lowerSelect(condition, x, y, to: node.outputs[0])
  }
}
