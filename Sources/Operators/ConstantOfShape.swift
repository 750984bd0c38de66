public import ModelGraph
public import Tensors

/// A tensor of one repeated value, in the dimensions that a constant input gives.
public struct ConstantOfShape: Operator {
  public static let names = ["ConstantOfShape"]

  public var value: HostTensor

  public init(_ description: OperatorDescription) throws(OperatorError) {
    value = try description.tensor("value") ?? HostTensor([Float(0)], dimensions: [1])
    guard value.elementCount == 1 else { throw OperatorError(.invalid, "attribute 'value' has \(value.elementCount) elements, not one") }
  }

  private func dimensions(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Int] {
    guard let shape = try inputs.integers(0, "input") else { throw OperatorError(.invalid, "input 'input' is missing") }
    guard try checked(shape).elementCount <= largestFoldedCount else { throw OperatorError(.unsupported, "would make \(shape) elements") }
    return shape
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(value.elementType, try dimensions(inputs))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try dimensions(inputs.asInputs)
    let count = dimensions.elementCount * value.bytes.count
    guard value.bytes.contains(where: { $0 != value.bytes[0] }) else {
      return [HostTensor(elementType: value.elementType, dimensions: dimensions, bytes: [UInt8](repeating: value.bytes[0], count: count))]
    }
    var bytes = value.bytes
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
    if count == 0 { bytes = [] }
    return [HostTensor(elementType: value.elementType, dimensions: dimensions, bytes: bytes)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
