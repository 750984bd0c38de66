/// Values that a quantised model might keep float, those first that disturb the outputs most for what they cost; found by keeping each
/// float alone.
public struct PrecisionChoice {
  /// A value kept float by itself.
  struct Candidate {
    var name: String
    /// The share of the outputs' noise that goes with it.
    var gain: Double
    /// The share of multiplications that become float.
    var cost: Double
  }

  private let result: CalibrationResult
  private let candidates: [Candidate]

  /// What a value's float form costs beside its multiplications: conversions.
  private static let fixedCost = 0.002

  /// - Parameter progress: called with how many of how many trials are done.
  public init(_ result: CalibrationResult, _ noise: OutputNoise, progress: (Int, Int) -> Void = { _, _ in }) throws(CompilerError) {
    self.result = result
    let plain = try noise.measure(result)
    let names = noise.candidates(result)
    var candidates: [Candidate] = []
    for (position, name) in names.enumerated() {
      var alone = result
      alone.keptFloat.insert(name)
      let measured = try noise.measure(alone)
      candidates.append(
        Candidate(
          name: name, gain: plain.noise > 0 ? 1 - measured.noise / plain.noise : 0, cost: max(measured.floatShare - plain.floatShare, 0)))
      progress(position + 1, names.count)
    }
    self.candidates = candidates.filter { $0.gain > 0 }.sorted {
      let (a, b) = ($0.gain / ($0.cost + Self.fixedCost), $1.gain / ($1.cost + Self.fixedCost))
      return a == b ? $0.name < $1.name : a > b
    }
  }

  /// How many values may be kept float.
  public var candidateCount: Int { candidates.count }

  /// The result with the first `count` candidates kept float.
  private func keepingFloat(_ count: Int) -> CalibrationResult {
    var kept = result
    kept.keptFloat.formUnion(candidates.prefix(count).map(\.name))
    return kept
  }

  /// The result with as few float values as pass the test, of 1, 2, 4, 8 … and all; nil where none passes.
  public func leastFloat<Failure: Error>(passing isGoodEnough: (CalibrationResult) throws(Failure) -> Bool) throws(Failure) -> CalibrationResult? {
    guard !candidates.isEmpty else { return nil }
    var count = 1
    while true {
      let tried = keepingFloat(count)
      if try isGoodEnough(tried) { return tried }
      guard count < candidates.count else { return nil }
      count = min(count * 2, candidates.count)
    }
  }
}
