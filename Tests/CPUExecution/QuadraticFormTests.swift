import CPUExecution
import Testing

/// What weights are rounded by, beside its definition.
struct QuadraticFormTests {
  /// Mean products of some vectors that go together in part.
  private func products(_ size: Int) -> [Double] {
    var state: UInt64 = 7
    func number() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24) * 2 - 1
    }
    let vectors = (0..<size + 3).map { _ in
      let common = number()
      return (0..<size).map { _ in common + number() / 2 }
    }
    return (0..<size * size).map { place in vectors.reduce(0) { $0 + $1[place / size] * $1[place % size] } / Double(size + 3) }
  }

  @Test(arguments: [0, 1, 2, 5, 8, 33]) func `four forms are the sums of all products`(size: Int) {
    let products = products(size)
    let errors = (0..<size).map { SIMD4<Double>(Double($0 % 3) - 1, Double($0), 0.5, -Double($0 % 5)) }
    let found = QuadraticForm(products, size: size, damping: 0.01).values(of: errors)
    for lane in 0..<4 {
      let expected = (0..<size * size).reduce(0) { $0 + errors[$1 / size][lane] * products[$1] * errors[$1 % size][lane] }
      #expect(abs(found[lane] - expected) <= 1e-9 * max(1, expected), "\(lane)")
    }
  }

  @Test(arguments: [1, 2, 5, 8, 33]) func `each weight's error goes to those behind it by the inverse's factor`(size: Int) {
    let (products, damping, scale) = (products(size), 0.01, Float(0.07))
    let row = (0..<size).map { Float(($0 * 37) % 19) / 10 - 0.9 }
    let found = QuadraticForm(products, size: size, damping: damping).rounded(row[...], scale: scale, largest: 9)
    // The other way: eliminate each factor from the inverse of what is left (optimal brain surgeon).
    var inverse = Self.inverse(products.enumerated().map { $0.offset / size == $0.offset % size ? $0.element + damping : $0.element }, size)
    var rest = row.map { Double($0) }
    for index in 0..<size {
      let integer = min(max((rest[index] / Double(scale)).rounded(.toNearestOrEven), -9), 9)
      #expect(found[index] == integer, "\(index)")
      let pivot = inverse[index * size + index]
      let share = (rest[index] - integer * Double(scale)) / pivot
      for later in index..<size { rest[later] -= share * inverse[index * size + later] }
      let column = (0..<size).map { inverse[$0 * size + index] }
      for place in 0..<size * size { inverse[place] -= column[place / size] * column[place % size] / pivot }
    }
  }

  /// By elimination.
  private static func inverse(_ matrix: [Double], _ size: Int) -> [Double] {
    var (left, right) = (matrix, (0..<size * size).map { $0 / size == $0 % size ? 1.0 : 0 })
    for pivot in 0..<size {
      let factor = left[pivot * size + pivot]
      for column in 0..<size {
        left[pivot * size + column] /= factor
        right[pivot * size + column] /= factor
      }
      for row in 0..<size where row != pivot {
        let share = left[row * size + pivot]
        for column in 0..<size {
          left[row * size + column] -= share * left[pivot * size + column]
          right[row * size + column] -= share * right[pivot * size + column]
        }
      }
    }
    return right
  }
}
