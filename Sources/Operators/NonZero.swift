public import ModelGraph
public import Tensors

/// The coordinates of all elements that are not zero: int64 `[rank, count]`.
public struct NonZero: Operator {
  public static let names = ["NonZero"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard let x = try inputs.required(0, "X").constant else { throw shapedByValues }
    return try evaluate([x]).map(\.type)
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let size = x.elementType.byteCount
    // A negative zero has a bit set.
    let isFloating = x.elementType.isFloatingPoint
    let found = (0..<x.elementCount).filter { offset in
      let bytes = x.bytes[offset * size..<(offset + 1) * size]
      return bytes.dropLast().contains { $0 != 0 } || bytes.last! & (isFloating ? 0x7F : 0xFF) != 0
    }
    let strides = x.dimensions.rowMajorStrides
    let coordinates = x.dimensions.indices.flatMap { axis in found.map { Int64($0 / strides[axis] % x.dimensions[axis]) } }
    return [HostTensor(coordinates, dimensions: [x.dimensions.count, found.count])]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw shapedByValues }
}
