public import Tensors

/// `y = left ∘ right` element by element with NumPy broadcasting, on plain (not quantised) whole numbers of any width, on bool and, for
/// comparisons and remainders, on float32; both operands have one type. Float sums and products are `Binary`'s.
///
/// Every pair has a result and none traps: arithmetic wraps around; dividing by 0 gives 0, and so do both remainders; the lowest number
/// divided by −1 gives itself; a negative exponent gives 0 but for the bases 1 and −1; shifts by the width or more (or by a negative
/// count) leave nothing but the sign. Comparisons and logic give bool; NaN equals nothing and is neither less nor greater. A bool that is
/// not 0 is true; results are 0 or 1.
public struct Arithmetic: Equatable, Sendable {
  /// Raw values are part of the format.
  public enum Operation: Int32, Sendable, CaseIterable {
    case add = 0, subtract = 1, multiply = 2
    /// Truncates towards 0.
    case divide = 3
    /// What is left after rounding the quotient down: it has the divisor's sign. float32 too.
    case modulo = 4
    /// What is left after truncating the quotient: it has the dividend's sign. float32 too (`fmod`).
    case remainder = 5
    case minimum = 6, maximum = 7, power = 8
    case bitwiseAnd = 9, bitwiseOr = 10, bitwiseXor = 11
    case shiftLeft = 12
    /// Keeps the sign of signed numbers.
    case shiftRight = 13
    case logicalAnd = 14, logicalOr = 15, logicalXor = 16
    case equal = 17, notEqual = 18, less = 19, lessOrEqual = 20, greater = 21, greaterOrEqual = 22

    /// Whether the result is bool, whatever the operands are.
    public var givesTruth: Bool { rawValue >= Self.logicalAnd.rawValue }

    /// Whether the operation is defined on operands of this type.
    public func accepts(_ type: ElementType) -> Bool {
      switch type {
      case .float32: self == .modulo || self == .remainder || rawValue >= Self.equal.rawValue
      case .float16, .float64: false
      default: true
      }
    }
  }
  public var operation: Operation
  public var left: TensorIndex
  public var right: TensorIndex
  public var output: TensorIndex

  public init(operation: Operation, left: TensorIndex, right: TensorIndex, output: TensorIndex) {
    self.operation = operation
    self.left = left
    self.right = right
    self.output = output
  }
}

/// `y = function(x)` element by element, where `Unary` doesn't serve: on plain whole numbers and bool, or from float32 to bool.
public struct Mapping: Equatable, Sendable {
  /// Raw values are part of the format.
  public enum Function: Int32, Sendable, CaseIterable {
    /// Wraps around, as do unsigned numbers.
    case negate = 0
    /// The lowest number stays as it is.
    case absolute = 1
    /// −1, 0 or 1
    case sign = 2
    case bitwiseNot = 3
    /// bool to bool
    case logicalNot = 4
    /// float32 to bool, as are the next three.
    case isNaN = 5
    case isInfinite = 6, isPositiveInfinity = 7, isNegativeInfinity = 8

    public var givesTruth: Bool { rawValue >= Self.logicalNot.rawValue }

    /// Whether the function is defined on elements of this type.
    public func accepts(_ type: ElementType) -> Bool {
      switch type {
      case .float32: rawValue >= Self.isNaN.rawValue
      case .float16, .float64: false
      case .bool: self == .logicalNot
      default: rawValue <= Self.bitwiseNot.rawValue
      }
    }
  }
  public var function: Function
  public var input: TensorIndex
  public var output: TensorIndex

  public init(function: Function, input: TensorIndex, output: TensorIndex) {
    self.function = function
    self.input = input
    self.output = output
  }
}

/// `y = condition ? onTrue : onFalse` element by element with NumPy broadcasting of all three; the condition is bool, the others and the
/// output have one type of any kind, and one quantisation.
public struct Select: Equatable, Sendable {
  public var condition: TensorIndex
  public var onTrue: TensorIndex
  public var onFalse: TensorIndex
  public var output: TensorIndex

  public init(condition: TensorIndex, onTrue: TensorIndex, onFalse: TensorIndex, output: TensorIndex) {
    self.condition = condition
    self.onTrue = onTrue
    self.onFalse = onFalse
    self.output = output
  }
}
