import Foundation
import ModelFormat
import Tensors

/// An element of any type as a number: whole ones exactly.
enum OracleNumber {
  case whole(Int128)
  case real(Double)
}

// MARK: Elements

extension Oracle {
  func bits(_ index: TensorIndex, _ position: Int) -> UInt64 {
    let size = self[index].elementType.byteCount
    return (0..<size).reduce(0) { $0 | UInt64(byte(index, size * position + $1)) << UInt64(8 * $1) }
  }

  mutating func set(_ index: TensorIndex, _ position: Int, bits: UInt64) {
    let size = self[index].elementType.byteCount
    for i in 0..<size { setByte(index, size * position + i, UInt8(truncatingIfNeeded: bits >> UInt64(8 * i))) }
  }

  func number(_ index: TensorIndex, _ position: Int) -> OracleNumber {
    let bits = bits(index, position)
    switch self[index].elementType {
    case .float32: return .real(Double(Float(bitPattern: UInt32(bits))))
    case .float64: return .real(Double(bitPattern: bits))
    case .float16: return .real(Double(Float(halfPattern: UInt16(bits))))
    case .bool: return .whole(bits == 0 ? 0 : 1)
    case .uint8, .uint16, .uint32, .uint64: return .whole(Int128(bits))
    case .int8: return .whole(Int128(Int8(truncatingIfNeeded: bits)))
    case .int16: return .whole(Int128(Int16(truncatingIfNeeded: bits)))
    case .int32: return .whole(Int128(Int32(truncatingIfNeeded: bits)))
    case .int64: return .whole(Int128(Int64(truncatingIfNeeded: bits)))
    }
  }

  func whole(_ index: TensorIndex, _ position: Int) -> Int128 {
    guard case .whole(let value) = number(index, position) else { preconditionFailure("a whole number is asked of a float tensor") }
    return value
  }

  mutating func set(_ index: TensorIndex, _ position: Int, whole value: Int128) {
    set(index, position, bits: self[index].elementType == .bool ? (value == 0 ? 0 : 1) : UInt64(truncatingIfNeeded: value))
  }

  /// The element of an operand that NumPy's broadcasting puts beside an element of the output.
  func source(_ operand: TensorIndex, _ output: TensorIndex, _ position: Int) -> Int {
    let target = self[output].dimensions
    let strides = target.rowMajorStrides
    let dimensions = self[operand].dimensions
    let own = dimensions.rowMajorStrides
    let missing = target.count - dimensions.count
    return dimensions.indices.reduce(0) { total, axis in
      dimensions[axis] == 1 ? total : total + position / strides[axis + missing] % target[axis + missing] * own[axis]
    }
  }
}

// MARK: Families

extension Oracle {
  mutating func run(_ fields: Arithmetic) {
    let type = self[fields.left].elementType
    for i in 0..<self[fields.output].elementCount {
      let (a, b) = (source(fields.left, fields.output, i), source(fields.right, fields.output, i))
      if type == .float32 {
        let (x, y) = (float(fields.left, a), float(fields.right, b))
        if let truth = fields.operation.truth(x, y) {
          set(fields.output, i, whole: truth ? 1 : 0)
        } else {
          let rest = Float(fmod(Double(x), Double(y)))
          let adjusts = fields.operation == .modulo && rest != 0 && (rest < 0) != (y < 0)
          set(fields.output, i, adjusts ? rest + y : rest)
        }
        continue
      }
      let (x, y) = (whole(fields.left, a), whole(fields.right, b))
      let value = fields.operation.truth(x, y).map { $0 ? 1 : 0 } ?? fields.operation.value(x, y, width: 8 * type.byteCount, isSigned: type.isSigned)
      set(fields.output, i, whole: value)
    }
  }

  mutating func run(_ fields: Mapping) {
    for i in 0..<self[fields.output].elementCount {
      switch number(fields.input, i) {
      case .real(let x):
        let truth =
          switch fields.function {
          case .isNaN: x.isNaN
          case .isInfinite: x.isInfinite
          case .isPositiveInfinity: x == .infinity
          default: x == -.infinity
          }
        set(fields.output, i, whole: truth ? 1 : 0)
      case .whole(let x):
        let value =
          switch fields.function {
          case .negate: -x
          case .absolute: abs(x)
          case .sign: x.signum()
          case .bitwiseNot: ~x
          default: x == 0 ? Int128(1) : 0
          }
        set(fields.output, i, whole: value)
      }
    }
  }

  mutating func run(cast fields: Conversion) {
    let type = self[fields.output].elementType
    for i in 0..<self[fields.output].elementCount {
      let number = number(fields.input, i)
      switch (number, type) {
      case (.real(let x), .float32): set(fields.output, i, Float(x))
      case (.whole(let x), .float32): set(fields.output, i, Float(x))
      case (.real(let x), .float64): set(fields.output, i, bits: x.bitPattern)
      case (.whole(let x), .float64): set(fields.output, i, bits: Double(x).bitPattern)
      case (.real(let x), .float16): set(fields.output, i, bits: UInt64(x.nearestHalf))
      case (.whole(let x), .float16): set(fields.output, i, bits: UInt64(Double(x).nearestHalf))
      case (.real(let x), .bool): set(fields.output, i, whole: x == 0 ? 0 : 1)
      case (.real(let x), _): set(fields.output, i, whole: type.saturated(x))
      case (.whole(let x), _): set(fields.output, i, whole: x)
      }
    }
  }

  mutating func run(_ fields: Select) {
    for i in 0..<self[fields.output].elementCount {
      let chosen = byte(fields.condition, source(fields.condition, fields.output, i)) != 0 ? fields.onTrue : fields.onFalse
      set(fields.output, i, bits: bits(chosen, source(chosen, fields.output, i)))
    }
  }

  /// Whole numbers and bool.
  mutating func reduceWhole(_ fields: Reduction) {
    let (reduced, inner, isUnsigned) = (Int(fields.reduced), Int(fields.inner), self[fields.input].elementType == .uint64)
    func kept(_ value: Int128) -> Int128 { isUnsigned ? Int128(UInt64(truncatingIfNeeded: value)) : Int128(Int64(truncatingIfNeeded: value)) }
    for o in 0..<Int(fields.outer) {
      for i in 0..<inner {
        let values = (0..<reduced).map { whole(fields.input, (o * reduced + $0) * inner + i) }
        let value: Int128 =
          switch fields.kind {
          case .sum: values.reduce(0, +)
          case .mean: kept(values.reduce(0, +)) / Int128(reduced)
          case .maximum: values.max()!
          case .minimum: values.min()!
          case .sumOfSquares: values.reduce(0) { kept($0 &+ $1 &* $1) }
          case .euclideanNorm: Int128(Double(UInt64(truncatingIfNeeded: values.reduce(0) { kept($0 &+ $1 &* $1) })).squareRoot())
          case .product: values.reduce(1) { kept($0 &* $1) }
          case .absoluteSum: values.reduce(0) { $0 + abs($1) }
          case .logSumExp: preconditionFailure("float only")
          }
        set(fields.output, o * inner + i, whole: value)
      }
    }
  }

  mutating func run(_ fields: CumulativeSum) {
    let (length, inner) = (Int(fields.length), Int(fields.inner))
    for o in 0..<Int(fields.outer) {
      for i in 0..<inner {
        var (real, sum) = (0.0, Int128(0))
        for step in 0..<length {
          let position = (o * length + (fields.isReversed ? length - 1 - step : step)) * inner + i
          let number = number(fields.input, position)
          let before = (real, sum)
          if case .real(let x) = number { real += x }
          if case .whole(let x) = number { sum += x }
          let chosen = fields.isExclusive ? before : (real, sum)
          if case .real = number { set(fields.output, position, Float(chosen.0)) } else { set(fields.output, position, whole: chosen.1) }
        }
      }
    }
  }
}

extension Arithmetic.Operation {
  func truth<Number: Comparable & Numeric>(_ x: Number, _ y: Number) -> Bool? {
    switch self {
    case .logicalAnd: x != 0 && y != 0
    case .logicalOr: x != 0 || y != 0
    case .logicalXor: (x != 0) != (y != 0)
    case .equal: x == y
    case .notEqual: x != y
    case .less: x < y
    case .lessOrEqual: x <= y
    case .greater: x > y
    case .greaterOrEqual: x >= y
    default: nil
    }
  }

  /// Exact where 128 bits suffice; the low bits always.
  func value(_ x: Int128, _ y: Int128, width: Int, isSigned: Bool) -> Int128 {
    switch self {
    case .add: return x + y
    case .subtract: return x - y
    case .multiply: return x &* y
    case .divide: return y == 0 ? 0 : x / y
    case .modulo:
      guard y != 0 else { return 0 }
      let rest = x % y
      return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
    case .remainder: return y == 0 ? 0 : x % y
    case .minimum: return min(x, y)
    case .maximum: return max(x, y)
    case .power:
      if y < 0 { return x == 1 ? 1 : x == -1 ? (y % 2 == 0 ? 1 : -1) : 0 }
      var (result, square, rest) = (Int128(1), x, y)
      while rest > 0 {
        if rest % 2 == 1 { result = result &* square }
        square = square &* square
        rest /= 2
      }
      return result
    case .bitwiseAnd: return x & y
    case .bitwiseOr: return x | y
    case .bitwiseXor: return x ^ y
    case .shiftLeft: return y < 0 || y >= width ? 0 : x << y
    case .shiftRight: return y < 0 || y >= width ? (x < 0 ? -1 : 0) : x >> y
    default: preconditionFailure("a comparison has no value")
    }
  }
}

extension ElementType {
  var isSigned: Bool { self == .int8 || self == .int16 || self == .int32 || self == .int64 }

  /// Truncated towards 0 and saturated; NaN is 0.
  func saturated(_ x: Double) -> Int128 {
    let width = Int128(8 * byteCount)
    let highest = (Int128(1) << (isSigned ? width - 1 : width)) - 1
    let lowest = isSigned ? -highest - 1 : 0
    if x.isNaN { return 0 }
    if x >= 0x1p80 { return highest }
    if x <= -0x1p80 { return lowest }
    return min(max(Int128(x.rounded(.towardZero)), lowest), highest)
  }
}

extension Double {
  /// The binary16 pattern nearest to this value, by trying the neighbours of a first guess.
  var nearestHalf: UInt16 {
    let guess = Float(self).halfPattern
    if isNaN || magnitude >= 65520 { return guess }
    let candidates = [guess == 0 || guess == 0x8000 ? guess : guess - 1, guess, guess + 1].filter { $0 & 0x7C00 != 0x7C00 }
    return candidates.min { a, b in
      let (first, second) = ((Double(Float(halfPattern: a)) - self).magnitude, (Double(Float(halfPattern: b)) - self).magnitude)
      return first < second || first == second && a & 1 < b & 1
    }!
  }
}
