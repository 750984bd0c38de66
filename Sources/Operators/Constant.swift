public import ModelGraph
public import Tensors

/// A tensor that stands in an attribute.
public struct Constant: Operator {
  public static let names = ["Constant"]

  public var value: HostTensor

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let kinds = ["value", "value_float", "value_floats", "value_int", "value_ints"]
    guard let name = kinds.first(where: { description.attributes[$0] != nil }), let attribute = description.attributes[name] else {
      let given = description.attributes.keys.sorted().joined(separator: "', '")
      throw OperatorError(.unsupported, "has its value in attribute '\(given)'; tensors, floats and integers are supported")
    }
    switch attribute {
    case .tensor(let tensor): value = tensor
    case .float(let single): value = HostTensor([single], dimensions: [])
    case .floats(let list): value = HostTensor(list, dimensions: [list.count])
    case .integer(let single): value = HostTensor([single], dimensions: [])
    case .integers(let list): value = HostTensor(list, dimensions: [list.count])
    default: throw OperatorError(.invalid, "attribute '\(name)' is neither a tensor nor numbers")
    }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] { [value.type] }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { [value] }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
