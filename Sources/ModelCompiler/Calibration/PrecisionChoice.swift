/// Values that a quantised model might keep float, those first that disturb the outputs most for what they cost; found by keeping each
/// float alone, on a few images. Of a model that hears, whose runs are long, neighbours that make little noise together share what is found.
public struct PrecisionChoice {
  /// A value kept float by itself.
  struct Candidate {
    var name: String
    /// The share of the outputs' noise that goes with it.
    var gain: Double
    /// The share of multiplications that become float.
    var cost: Double

    /// What it costs altogether: its multiplications and its conversions.
    var price: Double { cost + PrecisionChoice.fixedCost }
  }

  let result: CalibrationResult
  /// The best for their cost first; behind them those whose float form lessens no noise by itself, the cheapest first. All together, they
  /// leave in 8 bits only what couldn't be kept float by itself. Of values that were tried together each has its share of what was found.
  let candidates: [Candidate]

  /// What a value's float form costs beside its multiplications: conversions.
  private static let fixedCost = 0.002
  /// Images that suffice to rank values.
  private static let imageCount = 4
  /// What is worth its cost without being asked for: a value with at least this share of the noise, and so many times as much of the noise as
  /// of the multiplications; of all of them together no more than this share of the multiplications.
  private static let worthwhileGain = 0.1, worthwhileRatio = 10.0, mostFloat = 0.05

  /// - Parameter progress: called with how many of how many trials are done.
  public init(_ result: CalibrationResult, _ noise: OutputNoise, progress: (Int, Int) -> Void = { _, _ in }) throws(CompilerError) {
    let plain = try noise.measure(result, imageCount: Self.imageCount)
    let names = noise.candidates(result)
    // Without its form, another value may get one that no program can have.
    func kept(_ names: ArraySlice<String>) -> (gain: Double, cost: Double)? {
      var tried = result
      tried.keptFloat.formUnion(names)
      guard let measured = try? noise.measure(tried, imageCount: Self.imageCount) else { return nil }
      return (plain.noise > 0 ? 1 - measured.noise / plain.noise : 0, max(measured.floatShare - plain.floatShare, 0))
    }
    var candidates: [Candidate] = []
    for first in stride(from: 0, to: names.count, by: noise.valuesTogether) {
      let group = names[first..<min(first + noise.valuesTogether, names.count)]
      let shared = group.count > 1 ? kept(group).flatMap { 0..<Self.worthwhileGain ~= $0.gain ? $0 : nil } : nil
      for (position, name) in zip(group.indices, group) {
        defer { progress(position + 1, names.count) }
        let share = shared.map { (gain: $0.gain / Double(group.count), cost: $0.cost / Double(group.count)) }
        guard let found = share ?? kept(names[position...position]) else { continue }
        candidates.append(Candidate(name: name, gain: found.gain, cost: found.cost))
      }
    }
    self.init(result, ranking: candidates)
  }

  init(_ result: CalibrationResult, ranking candidates: [Candidate]) {
    self.result = result
    func worth(_ candidate: Candidate) -> Double { candidate.gain > 0 ? candidate.gain / candidate.price : -candidate.price }
    self.candidates = candidates.sorted {
      let (a, b) = (worth($0), worth($1))
      return a == b ? $0.name < $1.name : a > b
    }
  }

  /// The result with those values in float that are cheap for the noise that they make, if that lessens it.
  public func keepingWorthwhile(_ noise: OutputNoise) throws(CompilerError) -> CalibrationResult {
    var kept = result
    var share = 0.0
    for candidate in candidates
    where candidate.gain >= Self.worthwhileGain && candidate.gain >= Self.worthwhileRatio * candidate.cost && share + candidate.cost <= Self.mostFloat {
      kept.keptFloat.insert(candidate.name)
      share += candidate.cost
    }
    guard kept.keptFloatCount > 0 else { return result }
    guard let measured = try? noise.measure(kept) else { return result }
    return try measured.noise < noise.measure(result).noise ? kept : result
  }

  /// How many values may be kept float.
  public var candidateCount: Int { candidates.count }
}
