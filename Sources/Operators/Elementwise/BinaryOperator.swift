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

  /// Whole numbers wrap around, division truncates; nil where there is no result.
  func onIntegers(_ a: Int64, _ b: Int64) -> Int64? {
    switch self {
    case .add: return a &+ b
    case .subtract: return a &- b
    case .multiply: return a &* b
    case .divide: return b == 0 ? nil : a.dividedReportingOverflow(by: b).partialValue
    case .minimum: return min(a, b)
    case .maximum: return max(a, b)
    case .power:
      guard b >= 0 else { return a == 1 ? 1 : nil }
      return (0..<min(b, 64)).reduce(Int64(1)) { value, _ in value &* a }
    }
  }

  /// The left operand's type decides how it is computed.
  func evaluate(_ left: HostTensor, _ right: HostTensor) throws(OperatorError) -> HostTensor {
    let dimensions = try broadcast([left.dimensions, right.dimensions])
    if left.elementType.isFloatingPoint {
      let values = zip(left.broadcastFloats(to: dimensions), right.broadcastFloats(to: dimensions)).map { self($0, $1) }
      return HostTensor(values, dimensions: dimensions).converted(to: left.elementType)
    }
    if self == .power, right.elementType.isFloatingPoint {
      let values = zip(left.broadcastFloats(to: dimensions), right.broadcastFloats(to: dimensions)).map { self($0, $1) }
      return HostTensor(values, dimensions: dimensions).converted(to: left.elementType)
    }
    var values: [Int64] = []
    for (a, b) in zip(left.broadcastIntegers(to: dimensions), right.broadcastIntegers(to: dimensions)) {
      guard let value = onIntegers(a, b) else { throw OperatorError(.invalid, "\(a) and \(b) have no result as \(left.elementType.name)") }
      values.append(value)
    }
    return HostTensor(integers: values, as: left.elementType, dimensions: dimensions)
  }
}
