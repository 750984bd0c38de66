public import ModelGraph
public import Tensors

/// Undoes a MaxPool: puts each value back where the pool's second output says that it came from, among zeros.
public struct MaxUnpool: Operator {
  public static let names = ["MaxUnpool"]

  private let window: SpatialWindow

  public init(_ description: OperatorDescription) throws(OperatorError) {
    window = try SpatialWindow(description)
    guard window.kernel != nil else { throw OperatorError(.invalid, "attribute 'kernel_shape' is missing") }
  }

  private func dimensions(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Int] {
    let x = try inputs.required(0, "X").type.dimensions
    let indices = try inputs.required(1, "I").type
    guard indices.elementType == .int64, indices.dimensions == x, x.count >= 3 else {
      throw OperatorError(.invalid, "indices \(indices.dimensions) of \(indices.elementType.name) don't fit \(x)")
    }
    if let given = try inputs.integers(2, "output_shape") {
      guard given.count == x.count else { throw OperatorError(.invalid, "'output_shape' \(given) doesn't fit \(x)") }
      return try checked(given)
    }
    return try checked(Array(x[..<2]) + natural(Array(x[2...])))
  }

  /// The spatial extents that a pool with this window had before.
  private func natural(_ x: [Int]) throws(OperatorError) -> [Int] {
    let kernel = window.kernel ?? []
    let strides = window.strides ?? [Int](repeating: 1, count: x.count)
    let pads = window.pads ?? [Int](repeating: 0, count: 2 * x.count)
    guard kernel.count == x.count, strides.count == x.count, pads.count == 2 * x.count,
      (kernel + strides).allSatisfy(SpatialWindow.extents.contains), pads.allSatisfy(SpatialWindow.paddings.contains),
      x.allSatisfy({ $0 <= largestElementCount })
    else { throw OperatorError(.invalid, "kernel, strides or pads don't fit \(x.count) spatial axes, or are out of range") }
    return x.indices.map { (x[$0] - 1) * strides[$0] - pads[$0] - pads[x.count + $0] + kernel[$0] }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(try inputs.required(0, "X").type.elementType, try dimensions(inputs))]
  }

  /// The indices count through what the window itself gives; an `output_shape` widens that at the end of each axis.
  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let output = try dimensions(inputs.asInputs)
    let own = try checked(Array(output[..<2]) + natural(Array(x.dimensions[2...])))
    guard zip(own, output).allSatisfy({ $0 <= $1 }) else { throw OperatorError(.invalid, "'output_shape' \(output) is smaller than \(own)") }
    let places = offsets(own, strides: output.rowMajorStrides)
    var sources = [Int](repeating: -1, count: output.elementCount)
    for (source, target) in try inputs.required(1, "I").integers().enumerated() {
      guard 0..<Int64(places.count) ~= target else { throw OperatorError(.invalid, "index \(target) is outside \(own)") }
      sources[places[Int(target)]] = source
    }
    return [x.picking(sources, dimensions: output)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
