import Glibc
import ModelFormat

/// A group's plain value, the oracle of the kernels.
extension Reduction.Kind {
  /// Of real numbers; the value of no numbers where there is one.
  func callAsFunction(_ values: [Double]) -> Double {
    switch self {
    case .mean: return values.reduce(0, +) / Double(values.count)
    case .sum: return values.reduce(0, +)
    case .maximum: return values.reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
    case .minimum: return values.reduce(.infinity) { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }
    case .sumOfSquares: return values.reduce(0) { $0 + $1 * $1 }
    case .euclideanNorm: return values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    case .product: return values.reduce(1, *)
    case .absoluteSum: return values.reduce(0) { $0 + $1.magnitude }
    case .logSumExp:
      let greatest = Reduction.Kind.maximum(values)
      guard greatest.isFinite else { return greatest }
      return greatest + log(values.reduce(0) { $0 + exp($1 - greatest) })
    }
  }

  /// Of whole numbers in 64 bits, wrapping around; nil where there is none.
  func callAsFunction<Number: FixedWidthInteger>(_ values: [Number]) -> Number? {
    switch self {
    case .sum: return values.reduce(0, &+)
    case .mean: return values.isEmpty ? nil : values.reduce(0, &+) / Number(values.count)
    case .maximum: return values.max()
    case .minimum: return values.min()
    case .sumOfSquares: return values.reduce(0) { $0 &+ $1 &* $1 }
    case .euclideanNorm: return Number(Double(UInt64(truncatingIfNeeded: values.reduce(0) { $0 &+ $1 &* $1 })).squareRoot())
    case .product: return values.reduce(1, &*)
    case .absoluteSum: return values.reduce(0) { $1 < 0 ? $0 &- $1 : $0 &+ $1 }
    case .logSumExp: return nil
    }
  }
}
