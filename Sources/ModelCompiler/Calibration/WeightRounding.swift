/// Weights in 8 bits that reproduce what a layer computes: each is rounded so that the weights behind it can make up for the error,
/// as far as their inputs go together (Frantar et al., "GPTQ", 2022, after Hassibi and Stork's optimal brain surgeon, 1993). Only
/// factors of one block of `InputMoments` make up for one another.
struct WeightRounding {
  private let blocks: [BlockInverse]
  private let largest: Float = 127

  init(_ moments: InputMoments, group: Int) {
    blocks = InputMoments.blocks(moments.reduction).indices.map { BlockInverse(moments.meanProducts(group: group, block: $0)) }
  }

  struct Row {
    var integers: [Int8]
    var scale: Float
    /// Mean square of what the rounded row computes amiss, block by block.
    var error: Double
  }

  /// One output channel's weights.
  func rounded(_ row: [Float]) -> Row {
    let magnitude = row.reduce(Float(0)) { max($0, $1.magnitude) }
    guard magnitude > 1e-30, magnitude.isFinite else { return Row(integers: row.map { _ in 0 }, scale: 1, error: 0) }
    let candidates = [Float(1), 0.95, 0.9, 0.85].map { nearest(row, scale: magnitude / largest * $0) }
    let simple = candidates.min { $0.error < $1.error }!
    let compensated = compensated(row, scale: simple.scale)
    return compensated.error < simple.error ? compensated : simple
  }

  private func quantised(_ value: Double, _ scale: Float) -> Double {
    guard value.isFinite else { return 0 }
    return min(max((value / Double(scale)).rounded(.toNearestOrEven), -Double(largest)), Double(largest))
  }

  private func nearest(_ row: [Float], scale: Float) -> Row {
    result(row, row.map { quantised(Double($0), scale) }, scale)
  }

  private func compensated(_ row: [Float], scale: Float) -> Row {
    var integers = [Double](repeating: 0, count: row.count)
    for (range, inverse) in zip(InputMoments.blocks(row.count), blocks) {
      var rest = row[range].map { Double($0) }
      for index in rest.indices {
        let integer = quantised(rest[index], scale)
        integers[range.lowerBound + index] = integer
        inverse.spread((rest[index] - integer * Double(scale)), from: index, over: &rest)
      }
    }
    return result(row, integers, scale)
  }

  private func result(_ row: [Float], _ integers: [Double], _ scale: Float) -> Row {
    var error = 0.0
    for (range, inverse) in zip(InputMoments.blocks(row.count), blocks) {
      error += inverse.quadratic(range.map { Double(row[$0]) - integers[$0] * Double(scale) })
    }
    return Row(integers: integers.map { Int8($0) }, scale: scale, error: error)
  }
}

/// A block of mean products, and the upper triangular factor of its inverse.
private struct BlockInverse {
  private let size: Int
  private let products: [Double]
  private let upper: [Double]

  init(_ products: [Double]) {
    size = Int(Double(products.count).squareRoot().rounded())
    self.products = products
    let size = size
    let mean = (0..<size).reduce(0) { $0 + products[$1 * size + $1] } / Double(max(size, 1))
    // Factors that never differ from zero, or only together, would have no inverse.
    let damping = max(mean * 0.01, 1e-12)
    var damped = products
    for index in 0..<size { damped[index * size + index] += damping }
    upper = Self.cholesky(Self.inverse(of: Self.cholesky(damped, size), size), size, isUpper: true)
  }

  /// Moves an error of one factor's weight to the weights behind it.
  func spread(_ error: Double, from index: Int, over rest: inout [Double]) {
    let share = error / upper[index * size + index]
    for later in index + 1..<max(size, index + 1) { rest[later] -= share * upper[index * size + later] }
  }

  /// `eᵀ × products × e`
  func quadratic(_ error: [Double]) -> Double {
    var sum = 0.0
    for row in 0..<size where error[row] != 0 {
      var inner = 0.0
      for column in 0..<size { inner += products[row * size + column] * error[column] }
      sum += error[row] * inner
    }
    return max(sum, 0)
  }

  /// L with `L × Lᵀ` the matrix; or, `isUpper`, U with `Uᵀ × U` it (L transposed).
  private static func cholesky(_ matrix: [Double], _ size: Int, isUpper: Bool = false) -> [Double] {
    var lower = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row {
        var sum = matrix[row * size + column]
        for inner in 0..<column { sum -= lower[row * size + inner] * lower[column * size + inner] }
        lower[row * size + column] = row == column ? max(sum, 1e-18).squareRoot() : sum / lower[column * size + column]
      }
    }
    guard isUpper else { return lower }
    var upper = lower
    for row in 0..<size { for column in 0..<size { upper[row * size + column] = lower[column * size + row] } }
    return upper
  }

  /// The inverse of `L × Lᵀ`.
  private static func inverse(of lower: [Double], _ size: Int) -> [Double] {
    // L⁻¹, row by row.
    var inverse = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      for row in column..<size {
        var sum = row == column ? 1.0 : 0.0
        for inner in column..<max(row, column) { sum -= lower[row * size + inner] * inverse[inner * size + column] }
        inverse[row * size + column] = sum / lower[row * size + row]
      }
    }
    var result = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row {
        var sum = 0.0
        for inner in row..<size { sum += inverse[inner * size + row] * inverse[inner * size + column] }
        (result[row * size + column], result[column * size + row]) = (sum, sum)
      }
    }
    return result
  }
}
