import Pipelines

/// How long to wait before the next attempt: doubling from `initial` up to `limit`, each time with up to half of it taken
/// off at random, so that a fleet doesn't return in step after its broker restarts.
public struct BackOff: Sendable {
  public let initial: Duration
  public let limit: Duration
  private var failures = 0
  private var random: SeededRandom

  /// - Parameter seed: the same seed gives the same delays.
  public init(initial: Duration, limit: Duration, seed: UInt64) {
    self.initial = max(initial, .milliseconds(1))
    self.limit = max(limit, self.initial)
    random = SeededRandom(seed: seed)
  }

  /// The delay after one more failure, between half the current step and the whole of it.
  public mutating func next() -> Duration {
    var step = initial
    for _ in 0..<min(failures, 30) where step < limit { step *= 2 }
    step = min(step, limit)
    failures += 1
    return jittered(step)
  }

  /// A delay of the first step that counts as no failure: between the addresses of one broker.
  public mutating func shortest() -> Duration {
    jittered(initial)
  }

  private mutating func jittered(_ step: Duration) -> Duration {
    step / 2 + step / 2 * random.below(1001) / 1000
  }

  /// Begins anew at `initial`, once a connection has held.
  public mutating func reset() {
    failures = 0
  }
}
