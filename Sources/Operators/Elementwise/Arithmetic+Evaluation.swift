import Glibc
import ModelFormat
import ModelGraph
import Tensors

/// The plain values of one pair, the oracle of the kernels and what constants fold to.
extension Arithmetic.Operation {
  /// A truth value; nil where the operation has another result.
  func truth<Number: Comparable & Numeric>(_ a: Number, _ b: Number) -> Bool? {
    switch self {
    case .logicalAnd: a != 0 && b != 0
    case .logicalOr: a != 0 || b != 0
    case .logicalXor: (a != 0) != (b != 0)
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    default: nil
    }
  }

  /// Of 64-bit numbers, signed or not, wrapping around; narrower types keep the low bits.
  func value<Number: FixedWidthInteger>(_ a: Number, _ b: Number) -> Number {
    switch self {
    case .add: return a &+ b
    case .subtract: return a &- b
    case .multiply: return a &* b
    case .divide: return b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
    case .modulo:
      guard b != 0 else { return 0 }
      let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
      return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
    case .remainder: return b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    case .minimum: return min(a, b)
    case .maximum: return max(a, b)
    case .power: return Self.raised(a, to: b)
    case .bitwiseAnd: return a & b
    case .bitwiseOr: return a | b
    case .bitwiseXor: return a ^ b
    case .shiftLeft: return b < 0 || b >= 64 ? 0 : a << b
    case .shiftRight: return b < 0 || b >= 64 ? (a < 0 ? ~0 : 0) : a >> b
    default: return truth(a, b) == true ? 1 : 0
    }
  }

  /// What is left of floats.
  func remainder(_ a: Float, _ b: Float) -> Float {
    let rest = fmodf(a, b)
    return self == .modulo && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
  }

  private static func raised<Number: FixedWidthInteger>(_ base: Number, to exponent: Number) -> Number {
    if exponent < 0 { return base == 1 ? 1 : base == ~0 ? (exponent & 1 == 0 ? 1 : ~0) : 0 }
    var (result, square, rest) = (Number(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  /// - Throws: where the operands differ in type or the operation isn't defined on it.
  func evaluate(_ left: HostTensor, _ right: HostTensor) throws(OperatorError) -> HostTensor {
    guard left.elementType == right.elementType else {
      throw OperatorError(.invalid, "takes \(left.elementType.name) and \(right.elementType.name), which must be one type")
    }
    let dimensions = try broadcast([left.dimensions, right.dimensions])
    let isUnsigned = left.elementType == .uint64
    if left.elementType.isFloatingPoint {
      let pairs = zip(left.broadcastFloats(to: dimensions), right.broadcastFloats(to: dimensions))
      guard accepts(.float32) else { throw OperatorError(.invalid, "is not defined on \(left.elementType.name)") }
      if givesTruth { return HostTensor(elementType: .bool, dimensions: dimensions, bytes: pairs.map { truth($0, $1) == true ? 1 : 0 }) }
      return HostTensor(pairs.map { remainder($0, $1) }, dimensions: dimensions).converted(to: left.elementType)
    }
    let values = zip(left.broadcastLanes(to: dimensions), right.broadcastLanes(to: dimensions)).map { a, b in
      isUnsigned ? Int64(bitPattern: value(UInt64(bitPattern: a), UInt64(bitPattern: b))) : value(a, b)
    }
    return HostTensor(lanes: values, as: givesTruth ? .bool : left.elementType, dimensions: dimensions)
  }
}

extension Binary.Operation {
  /// The same on whole numbers.
  var onWholeNumbers: Arithmetic.Operation {
    switch self {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .minimum: .minimum
    case .maximum: .maximum
    case .power: .power
    }
  }
}
