public import ModelGraph
import Tensors

/// The mean of any number of inputs, with broadcasting.
public struct Mean: DecomposedOperator {
  public static let names = ["Mean"]

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let type = try inputs.required(0, "data_0").type.elementType
    let computed = try type.computed("data_0")
    var parts = Composition()
    var total = try parts.converted(.input(0), from: type, to: computed)
    for position in 1..<max(inputs.count, 1) {
      let addend = try inputs.required(position, "data_\(position)").type.elementType
      guard addend == type else { throw OperatorError(.invalid, "inputs are \(type.name) and \(addend.name)") }
      total = parts.sum(total, try parts.converted(.input(position), from: addend, to: computed))
    }
    let count = HostTensor([Float(max(inputs.count, 1))], dimensions: []).converted(to: computed)
    parts.outputs = [try parts.converted(inputs.count == 1 ? total : parts.quotient(total, .constant(count)), from: computed, to: type)]
    return parts
  }
}
