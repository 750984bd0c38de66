import CKernels

/// A symmetric, positive definite matrix of mean products, by which weights are rounded.
public struct QuadraticForm: Sendable {
  public let size: Int
  private let products: [Double]
  /// The upper triangular U with `Uᵀ × U` the inverse of the damped products.
  private let factor: [Double]

  /// - Parameters:
  ///   - products: `size²` of them, row by row.
  ///   - damping: added to the diagonal for the inverse: factors that never differ from zero, or only together, would have none.
  public init(_ products: [Double], size: Int, damping: Double) {
    precondition(products.count == size * size)
    (self.size, self.products) = (size, products)
    var damped = products
    for index in 0..<size { damped[index * size + index] += damping }
    var scratch = damped
    factor = unsafe [Double](unsafeUninitializedCapacity: size * size) { factor, count in
      if let factor = factor.baseAddress { unsafe swl_inverse_factor(damped, Int64(size), &scratch, factor) }
      count = size * size
    }
  }

  /// `eᵀ × products × e` of four vectors e, whose elements stand together; 0 at least.
  public func values(of errors: [SIMD4<Double>]) -> SIMD4<Double> {
    precondition(errors.count == size)
    var sums = SIMD4<Double>.zero
    unsafe errors.withUnsafeBytes { errors in
      unsafe withUnsafeMutableBytes(of: &sums) { sums in
        guard let errors = unsafe errors.assumingMemoryBound(to: Double.self).baseAddress,
          let sums = unsafe sums.assumingMemoryBound(to: Double.self).baseAddress
        else { return }
        unsafe swl_quadratic_forms(products, Int64(size), errors, sums)
      }
    }
    return sums.replacing(with: 0, where: sums .< 0)
  }

  /// Whole numbers of `scale` within ±`largest` for a row of weights: each is rounded so that those behind it can make up for its error.
  public func rounded(_ row: ArraySlice<Float>, scale: Float, largest: Float) -> [Double] {
    precondition(row.count == size)
    var rest = row.map { Double($0) }
    var integers = rest
    unsafe swl_round_compensating(factor, Int64(size), Double(scale), Double(largest), &rest, &integers)
    return integers
  }
}
