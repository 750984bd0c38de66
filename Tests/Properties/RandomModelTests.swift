import Foundation
import Testing

/// Random models against the plain evaluation. `SWIFTLET_PROPERTY_SEEDS=N` runs N models of each kind instead of the few of
/// every day, `SWIFTLET_PROPERTY_SEED=S` the single seed S.
struct RandomModelTests {
  static let environment = ProcessInfo.processInfo.environment
  static var seeds: ClosedRange<UInt64> {
    if let one = environment["SWIFTLET_PROPERTY_SEED"].flatMap(UInt64.init) { return one...one }
    return 1...max(environment["SWIFTLET_PROPERTY_SEEDS"].flatMap(UInt64.init) ?? 200, 1)
  }
  static let mostLayers = 6

  @Test(arguments: [false, true]) func `random models compute what their operators' plain evaluation does`(isQuantised: Bool) throws {
    var checker = ModelChecker()
    for seed in Self.seeds {
      guard let message = failure(seed, Self.mostLayers, isQuantised, &checker) else { continue }
      var discarded = ModelChecker()
      let layers = (0...Self.mostLayers).first { failure(seed, $0, isQuantised, &discarded) != nil } ?? Self.mostLayers
      let smallest = failure(seed, layers, isQuantised, &discarded) ?? message
      Issue.record("seed \(seed)\(isQuantised ? ", quantised" : ""), \(layers) layers: \(smallest)")
    }
    #expect(checker.comparedCount > 0)
    guard isQuantised, Self.seeds.count > 100 else { return }
    // A step aside is what float rounding at a tie allows; were it common, the arithmetic would be another one.
    #expect(checker.displacedCount * 100 < checker.comparedCount, "\(checker.displacedCount) of \(checker.comparedCount) elements lie a step aside")
    #expect(checker.integerProgramCount * 8 > checker.programCount, "\(checker.integerProgramCount) of \(checker.programCount) programs are all integer")
  }

  private func failure(_ seed: UInt64, _ layers: Int, _ isQuantised: Bool, _ checker: inout ModelChecker) -> String? {
    do {
      let model = try RandomModel(seed: seed, layers: layers, isQuantised: isQuantised)
      do {
        try checker.check(model)
        return nil
      } catch let failure as ModelChecker.Failure {
        return "\(failure.message)\n\(model.description)"
      } catch {
        return "\(error)\n\(model.description)"
      }
    } catch {
      return "the generator made an invalid model: \(error)"
    }
  }
}
