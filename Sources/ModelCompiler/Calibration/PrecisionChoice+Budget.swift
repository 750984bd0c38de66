extension PrecisionChoice {
  /// Sets that are tried after the first that passed, in the hope of a cheaper one: each may be an evaluation of all images.
  private static let mostSavings = 8

  /// The result with float values that pass the test and cost little: first the fewest of the best, by powers of two above `least` and all, then
  /// as few of those as pass, then without the dearest ones, or with cheaper ones in their place. Of all sets that passed it is the cheapest, by the
  /// multiplications that become float, and the last that was tried with success; nil where none passes. A result that keeps nothing float isn't
  /// tried, and none is tried twice.
  ///
  /// - Parameter least: of the best values so many, or fewer, are taken not to pass.
  public func leastFloat<Failure: Error>(
    above least: Int = 0, passing isGoodEnough: (CalibrationResult) throws(Failure) -> Bool
  ) throws(Failure) -> CalibrationResult? {
    guard !candidates.isEmpty else { return nil }
    var tried: Set<[Int]> = [[]]
    func passes(_ positions: [Int]) throws(Failure) -> Bool {
      tried.insert(positions)
      return try isGoodEnough(keepingFloat(positions))
    }
    var failed = min(least, candidates.count - 1)
    var count = 1
    while count <= failed { count *= 2 }
    count = min(count, candidates.count)
    while try !passes(Array(0..<count)) {
      guard count < candidates.count else { return nil }
      failed = count
      count = min(count * 2, candidates.count)
    }
    while count - failed > 1 {
      let middle = (failed + count) / 2
      if try passes(Array(0..<middle)) { count = middle } else { failed = middle }
    }
    var kept = Array(0..<count)
    var rest = Self.mostSavings
    for dearest in kept.sorted(by: { (candidates[$0].price, $1) > (candidates[$1].price, $0) }) {
      let others = kept.filter { $0 != dearest }
      for cheaper in [others, (others + substitutes(for: dearest, notIn: kept)).sorted()] where !tried.contains(cheaper) {
        guard rest > 0 else { return keepingFloat(kept) }
        rest -= 1
        if try passes(cheaper) {
          kept = cheaper
          break
        }
      }
    }
    return keepingFloat(kept)
  }

  /// How many of the best values a result keeps float; 0 where it keeps others than the best.
  public func bestCount(in result: CalibrationResult) -> Int {
    Set(candidates.prefix(result.keptFloat.count).map(\.name)) == result.keptFloat ? result.keptFloat.count : 0
  }

  /// The best candidates that cost less than one, all of them together.
  private func substitutes(for position: Int, notIn kept: [Int]) -> [Int] {
    var left = candidates[position].price
    return candidates.indices.filter { other in
      guard !kept.contains(other), candidates[other].price < left else { return false }
      left -= candidates[other].price
      return true
    }
  }

  private func keepingFloat(_ positions: [Int]) -> CalibrationResult {
    var result = result
    result.keptFloat.formUnion(positions.map { candidates[$0].name })
    return result
  }
}
