import CPUExecution

/// Weights in 8 bits that reproduce what a layer computes: each is rounded so that the weights behind it can make up for the error,
/// as far as their inputs go together (Frantar et al., "GPTQ", 2022, after Hassibi and Stork's optimal brain surgeon, 1993). Only
/// factors of one block of `InputMoments` make up for one another.
struct WeightRounding {
  private let blocks: [QuadraticForm]
  private static let largest: Float = 127
  /// Of a row's largest weight: the steps that are tried.
  private static let shares = SIMD4<Float>(1, 0.95, 0.9, 0.85)

  init(_ moments: InputMoments, group: Int) {
    blocks = InputMoments.blocks(moments.reduction).enumerated().map { index, range in
      let products = moments.meanProducts(group: group, block: index)
      let mean = range.indices.reduce(0) { $0 + products[($1 - range.lowerBound) * (range.count + 1)] } / Double(max(range.count, 1))
      return QuadraticForm(products, size: range.count, damping: max(mean * 0.01, 1e-12))
    }
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
    let scales = magnitude / Self.largest * Self.shares
    let nearest = errors(row) { weight, _ in Self.nearest(weight, scales) }
    let best = (0..<4).min { nearest[$0] < nearest[$1] }!
    let scale = scales[best]
    let compensated = zip(InputMoments.blocks(row.count), blocks).flatMap { $1.rounded(row[$0], scale: scale, largest: Self.largest) }
    let error = errors(row) { _, index in SIMD4(repeating: compensated[index] * Double(scale)) }[0]
    guard error < nearest[best] else {
      return Row(integers: row.map { Int8((Self.nearest($0, scales)[best] / Double(scale)).rounded()) }, scale: scale, error: nearest[best])
    }
    return Row(integers: compensated.map { Int8($0) }, scale: scale, error: error)
  }

  /// A weight's nearest whole numbers of four steps, times these.
  private static func nearest(_ weight: Float, _ scales: SIMD4<Float>) -> SIMD4<Double> {
    guard weight.isFinite else { return .zero }
    let (steps, bound) = (SIMD4<Double>(scales), SIMD4<Double>(repeating: Double(largest)))
    return (Double(weight) / steps).rounded(.toNearestOrEven).clamped(lowerBound: -bound, upperBound: bound) * steps
  }

  /// Of four forms of a row, what each computes amiss.
  private func errors(_ row: [Float], _ forms: (_ weight: Float, _ index: Int) -> SIMD4<Double>) -> SIMD4<Double> {
    var sum = SIMD4<Double>.zero
    for (range, form) in zip(InputMoments.blocks(row.count), blocks) {
      sum += form.values(of: range.map { SIMD4(repeating: Double(row[$0])) - forms(row[$0], $0) })
    }
    return sum
  }
}
