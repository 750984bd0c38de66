import Pipelines

/// How many frames a second pipelines have processed lately. Any thread.
final class FrameRates: @unchecked Sendable {
  private struct Look {
    let at: MonotonicInstant
    let counts: [String: UInt64]
  }

  /// Over so many looks, which `MachineWatch` makes every other second.
  private static let looks = 6

  private let mutex = PthreadMutex()
  private var remembered: [Look] = []

  func note(_ counts: [(name: String, processed: UInt64)], at now: MonotonicInstant) {
    let look = Look(at: now, counts: Dictionary(counts.map { ($0.name, $0.processed) }) { first, _ in first })
    mutex.withLock {
      remembered.append(look)
      if remembered.count > Self.looks { remembered.removeFirst() }
    }
  }

  /// Frames a second between the first look that is remembered and the last; 0 before there are two.
  func rate(of name: String) -> Double {
    mutex.withLock {
      guard let first = remembered.first, let last = remembered.last, first.at < last.at else { return 0 }
      let (before, after) = (first.counts[name] ?? 0, last.counts[name] ?? 0)
      let rate = Double(after - min(before, after)) / (first.at.duration(to: last.at) / .seconds(1))
      return (rate * 100).rounded() / 100
    }
  }
}
