public import ModelGraph
public import Tensors

/// The coordinates of all elements that are not zero: int64 `[rank, count]`.
public struct NonZero: Operator {
  public static let names = ["NonZero"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard let x = try inputs.required(0, "X").constant else { throw shapedByValues }
    // Counted, not gathered: a coordinate takes many times what an element may.
    let count = (0..<x.elementCount).count { Self.isNonZero(x, $0) }
    return [TensorType(.int64, try checked([x.dimensions.count, count]))]
  }

  private static func isNonZero(_ x: HostTensor, _ offset: Int) -> Bool {
    let bytes = x.element(offset)
    // A negative zero has a bit set.
    return bytes.dropLast().contains { $0 != 0 } || bytes.last! & (x.elementType.isFloatingPoint ? 0x7F : 0xFF) != 0
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let found = (0..<x.elementCount).filter { Self.isNonZero(x, $0) }
    let strides = x.dimensions.rowMajorStrides
    let coordinates = x.dimensions.indices.flatMap { axis in found.map { Int64($0 / strides[axis] % x.dimensions[axis]) } }
    return [HostTensor(coordinates, dimensions: [x.dimensions.count, found.count])]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw shapedByValues }
}
