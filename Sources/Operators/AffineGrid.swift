import ModelFormat
public import ModelGraph
public import Tensors

/// The grid of places at which GridSample applies an affine map: theta `[N,axes,axes+1]` and the sampled tensor's constant size give
/// `[N,…,axes]`.
public struct AffineGrid: Operator {
  public static let names = ["AffineGrid"]

  private let alignsCorners: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    alignsCorners = try description.integer("align_corners", default: 0) != 0
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let theta = try inputs.required(0, "theta").type
    guard let size = try inputs.integers(1, "size"), size.count == 4 || size.count == 5, size.allSatisfy({ $0 >= 0 }) else {
      throw OperatorError(.invalid, "input 'size' is missing or not the size of an image or a volume")
    }
    let axes = size.count - 2
    guard theta.dimensions == [size[0], axes, axes + 1] else { throw OperatorError(.invalid, "theta \(theta.dimensions) doesn't fit the size \(size)") }
    return [TensorType(theta.elementType, try checked([size[0]] + size[2...] + [axes]))]
  }

  /// One row a place: its own coordinates, the last axis first, and 1.
  private func places(_ extents: [Int]) -> [Double] {
    var rows: [Double] = []
    forEachIndex(extents) { index in
      for (position, extent) in zip(index, extents).reversed() { rows.append(coordinate(position, extent)) }
      rows.append(1)
    }
    return rows
  }

  private func coordinate(_ position: Int, _ extent: Int) -> Double {
    if alignsCorners { return extent == 1 ? -1 : -1 + 2 * Double(position) / Double(extent - 1) }
    return -1 + (2 * Double(position) + 1) / Double(extent)
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let theta = try inputs.required(0, "theta")
    let axes = dimensions[dimensions.count - 1]
    let (places, map) = (places(Array(dimensions[1...axes])), theta.doubles())
    let count = dimensions[1...axes].elementCount
    var result: [Double] = []
    for image in 0..<dimensions[0] {
      for place in 0..<count {
        for axis in 0..<axes {
          let row = (image * axes + axis) * (axes + 1)
          result.append((0...axes).reduce(0) { $0 + map[row + $1] * places[place * (axes + 1) + $1] })
        }
      }
    }
    return [HostTensor(doubles: result, as: theta.elementType, dimensions: dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let theta = node.input(0) else { throw OperatorError(.invalid, "input 'theta' is missing") }
    try lowering.requireFloat(theta)
    let dimensions = lowering.dimensions(of: node.outputs[0])
    let axes = dimensions[dimensions.count - 1]
    let count = dimensions[1...axes].elementCount
    try checkTable([count, axes + 1])
    let places = HostTensor(places(Array(dimensions[1...axes])).map { Float($0) }, dimensions: [count, axes + 1])
    let map = lowering.operand(theta, layout: .identity(rank: 3), as: .plain)
    let output = lowering.result(node.outputs[0], layout: .identity(rank: dimensions.count), as: .plain)
    lowering.emit(
      .matrixProduct(
        MatrixProduct(
          left: lowering.addConstant(places, name: "places"), right: map, output: output, batch: Int32(dimensions[0]), m: Int32(count), n: Int32(axes),
          k: Int32(axes + 1), leftBatchStride: 0, rightBatchStride: Int64(axes * (axes + 1)), isRightTransposed: true)))
  }
}
