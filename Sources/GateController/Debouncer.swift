/// Makes clean edges of a bouncing input. A change counts once the input has been quiet for the configured time; its moment is that of the first
/// change, so that quiet costs no accuracy; unless it bounced for so long that this may have been noise before the part.
struct Debouncer: Sendable {
  struct Edge: Sendable, Equatable {
    let isPresent: Bool
    let time: UInt64
    let ticks: UInt64
    /// The last change before it came to rest.
    let latest: UInt64, latestTicks: UInt64
    /// It bounced for longer than contacts do, so the first change may have been noise long before the part.
    let isUncertain: Bool
  }

  /// How long an edge may bounce, in times of its quiet.
  static let longestBounce: UInt64 = 4

  /// Debounced.
  private(set) var isPresent = false
  /// When that began.
  private(set) var since: UInt64 = 0
  private var raw = false
  private var lastChange: UInt64 = 0, lastChangeTicks: UInt64 = 0
  private var first: (time: UInt64, ticks: UInt64)?

  mutating func sense(_ level: Bool, ticks: UInt64, at now: UInt64) {
    guard level != raw else { return }
    raw = level
    (lastChange, lastChangeTicks) = (now, ticks)
    if first == nil { first = (now, ticks) }
  }

  /// The edge that has proved itself by now.
  mutating func settle(at now: UInt64, quiet: UInt32) -> Edge? {
    guard let start = first, now &- lastChange >= UInt64(quiet) else { return nil }
    first = nil
    // A spike: it is again what it was.
    guard raw != isPresent else { return nil }
    isPresent = raw
    since = start.time
    return Edge(
      isPresent: raw, time: start.time, ticks: start.ticks, latest: lastChange, latestTicks: lastChangeTicks,
      isUncertain: lastChange &- start.time > Self.longestBounce &* UInt64(quiet))
  }

  /// Since when it has bounced without coming to rest; nil while nothing moves.
  var unsteadySince: UInt64? { first?.time }

  /// When `settle` can say more; nil while nothing moves.
  func deadline(quiet: UInt32) -> UInt64? { first == nil ? nil : lastChange &+ UInt64(quiet) }
}
