import ModelGraph
import Tensors

/// An operator of two inputs from before operator set 7: the second one's first axis stands at a named axis of the first, and
/// it repeats along the axes before and behind.
struct AlignedOperator: CompositeOperator {
  static let names = ["AlignedOperator"]

  private let operation: any Operator
  private let axis: Int

  init(_ operation: any Operator, axis: Int) {
    self.operation = operation
    self.axis = axis
  }

  init(_ description: OperatorDescription) throws(OperatorError) {
    throw OperatorError(.unsupported, "is no ONNX operator")
  }

  var tolerance: Float { operation.tolerance }

  func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let first = try inputs.required(0, "A").type.dimensions
    let second = try inputs.required(1, "B").type.dimensions
    var composition = Composition()
    // A single element stands everywhere.
    guard second.elementCount != 1 else {
      composition.outputs = [composition.add(operation, .input(0), .input(1))]
      return composition
    }
    let position = try normalised(axis: axis, rank: first.count)
    let behind = first.count - position - second.count
    guard behind >= 0 else { throw OperatorError(.invalid, "aligns \(second) at axis \(position) of \(first), beyond its end") }
    let shape = second.map { Int64($0) } + [Int64](repeating: 1, count: behind)
    let aligned = composition.add(try Reshape(.plain("Reshape", ["shape": .integers(shape)])), .input(1))
    composition.outputs = [composition.add(operation, .input(0), aligned)]
    return composition
  }
}
