public import ModelGraph
import Tensors

/// Einstein's summation over any number of operands: each pair becomes one batched matrix product, whatever is summed within one operand
/// is summed first. Diagonals (`ii`) are slices.
public struct Einsum: DecomposedOperator {
  public static let names = ["Einsum"]

  public var equation: String

  public init(_ description: OperatorDescription) throws(OperatorError) {
    equation = try description.string("equation", default: "")
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    guard !inputs.isEmpty else { throw OperatorError(.invalid, "has no inputs") }
    var types: [TensorType] = []
    for position in inputs.indices { types.append(try inputs.required(position, "input \(position)").type) }
    guard types.allSatisfy({ $0.elementType == types[0].elementType }), types[0].elementType != .bool else {
      throw OperatorError(.invalid, "inputs are \(types.map(\.elementType.name)), not of one number type")
    }
    let equation = try EinsumEquation(equation, ranks: types.map(\.dimensions.count))
    return try EinsumContraction(equation: equation, types: types).composition()
  }
}
