public import ModelGraph
import Tensors

/// Brings axes to given lengths about their middle: cuts what is longer, puts zeros around what is shorter.
public struct CenterCropPad: MovingOperator {
  public static let names = ["CenterCropPad"]

  private let axes: [Int]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = try description.integers("axes")
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input_data").type.dimensions
    let axes = axes ?? Array(dimensions.indices)
    _ = try normalised(axes: axes, rank: dimensions.count)
    guard let shape = try inputs.integers(1, "shape"), shape.count == axes.count else {
      throw OperatorError(.invalid, "input 'shape' is missing or doesn't fit \(axes.count) axes")
    }
    var output = dimensions
    for (axis, length) in zip(axes, shape) { output[try normalised(axis: axis, rank: dimensions.count)] = length }
    output = try checked(output)
    let copy = BoxCopy.box(
      zip(dimensions, output).map { min($0, $1) }, from: zip(dimensions, output).map { max($0 - $1, 0) / 2 },
      to: zip(dimensions, output).map { max($1 - $0, 0) / 2 })
    let isCovered = zip(dimensions, output).allSatisfy { $0 >= $1 }
    let isEmpty = output.contains(0) || dimensions.contains(0)
    return Movement(outputs: [output], copies: isEmpty ? [] : [copy], fill: isCovered ? nil : HostTensor([Float(0)], dimensions: []))
  }
}
