import Glibc
public import ModelFormat
public import ModelGraph
public import Tensors

/// An operator that combines its inputs element by element, with broadcasting; two inputs, or any number where it is
/// associative (Min, Max, Sum).
public protocol BinaryOperator: Operator {
  static var operation: Binary.Operation { get }
}

extension BinaryOperator {
  public var quantisationRule: QuantisationRule { .ownRange }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let first = try inputs.required(0, "A").type
    return [TensorType(first.elementType, try broadcast(inputs.compactMap { $0?.type.dimensions }))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let tensors = inputs.compactMap { $0 }
    guard var result = tensors.first else { throw OperatorError(.invalid, "input 'A' is missing") }
    for tensor in tensors.dropFirst() { result = try Self.operation.evaluate(result, tensor) }
    return [result]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    try lowering.lower(Self.operation, of: node.inputs.compactMap { $0 }, to: node.outputs[0])
  }
}

extension Binary.Operation {
  /// The plain value of one pair.
  public func callAsFunction(_ a: Float, _ b: Float) -> Float {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    case .power: raised(a, to: b)
    }
  }

  /// The plain value of one pair in double precision.
  func callAsFunction(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    case .power: pow(a, b)
    }
  }

  /// The left operand's type decides how it is computed.
  func evaluate(_ left: HostTensor, _ right: HostTensor) throws(OperatorError) -> HostTensor {
    let dimensions = try broadcast([left.dimensions, right.dimensions])
    if left.elementType == .float64 || left.elementType.isInteger && right.elementType.isFloatingPoint && self == .power {
      let values = zip(left.broadcastDoubles(to: dimensions), right.broadcastDoubles(to: dimensions)).map { self($0, $1) }
      return HostTensor(doubles: values, as: left.elementType, dimensions: dimensions)
    }
    if left.elementType.isFloatingPoint {
      let values = zip(left.broadcastFloats(to: dimensions), right.broadcastFloats(to: dimensions)).map { self($0, $1) }
      return HostTensor(values, dimensions: dimensions).converted(to: left.elementType)
    }
    let isAlike = left.elementType == right.elementType
    // Only a power's exponent may have a type of its own.
    let operands = isAlike ? (left, right) : (left.converted(to: .int64), right.converted(to: .int64))
    guard isAlike || self == .power else { throw OperatorError(.invalid, "takes \(left.elementType.name) and \(right.elementType.name)") }
    let value = try onWholeNumbers.evaluate(operands.0, operands.1)
    return isAlike ? value : HostTensor(lanes: value.lanes(), as: left.elementType, dimensions: dimensions)
  }
}
