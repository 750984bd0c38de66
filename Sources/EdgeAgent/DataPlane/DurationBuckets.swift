import Pipelines
import Synchronization

/// Counts durations in a few fixed buckets. Any thread adds and any reads; nobody waits, nothing is allocated.
public final class DurationBuckets: Sendable {
  /// Upper bounds in seconds, from half a millisecond to five seconds; what is above the last has a bucket of its own.
  public static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

  /// What was counted. The counts are whole; a duration that is being added may be missing in the sum.
  public struct Snapshot: Sendable, Equatable {
    /// One more than there are bounds.
    public var counts = [UInt64](repeating: 0, count: DurationBuckets.bounds.count + 1)
    public var sum = Duration.zero

    public init() {}
  }

  private let limits = DurationBuckets.bounds.map { Int64($0 * 1e9) }
  private let counts = InlineArray<14, Atomic<UInt64>> { _ in Atomic(0) }
  private let nanoseconds = Atomic<UInt64>(0)

  public init() { precondition(limits.count + 1 == 14) }

  public func add(_ duration: Duration) {
    let length = max(0, duration.wholeNanoseconds)
    var index = 0
    while index < limits.count, length > limits[index] { index += 1 }
    counts[index].wrappingAdd(1, ordering: .relaxed)
    nanoseconds.wrappingAdd(UInt64(length), ordering: .relaxed)
  }

  public var snapshot: Snapshot {
    var snapshot = Snapshot()
    for index in snapshot.counts.indices { snapshot.counts[index] = counts[index].load(ordering: .relaxed) }
    snapshot.sum = .nanoseconds(Int64(clamping: nanoseconds.load(ordering: .relaxed)))
    return snapshot
  }
}
