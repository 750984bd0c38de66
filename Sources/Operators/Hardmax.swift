public import ModelGraph
import Tensors

/// 1 where the first greatest element along one axis stands, 0 elsewhere. Before operator set 13 all axes from one on are taken
/// together.
public struct Hardmax: DecomposedOperator {
  public static let names = ["Hardmax"]

  public let axis: SoftmaxAxis

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = try SoftmaxAxis(description)
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "input").type
    let axes = try axis.resolved(rank: x.dimensions.count)
    let width = axes.map { x.dimensions[$0] }.elementCount
    guard let first = axes.first ?? (x.dimensions.isEmpty ? nil : x.dimensions.count), width > 0 else {
      throw OperatorError(.invalid, "looks for the greatest of no elements in \(x.dimensions)")
    }
    try checkTable([width])
    let inner = axes.count == 1 ? Array(x.dimensions[(first + 1)...]) : []
    let rows = Array(x.dimensions[..<first]) + [width] + inner
    var parts = Composition()
    let input = rows == x.dimensions ? .input(0) : try parts.reshaped(.input(0), to: rows)
    let greatest = parts.add(try ArgMax(.plain("ArgMax", ["axis": .integer(Int64(first))])), input)
    let places = HostTensor((0..<Int64(width)).map { $0 }, dimensions: [width] + inner.map { _ in 1 })
    let isGreatest = parts.add(Equal(.plain("Equal")), greatest, .constant(places))
    let y = try parts.converted(isGreatest, from: .bool, to: x.elementType)
    parts.outputs = [rows == x.dimensions ? y : try parts.reshaped(y, to: x.dimensions)]
    return parts
  }
}
