import Pipelines

/// In how many of the last frames something held.
struct RecentFrames {
  private var bits: UInt64 = 0

  mutating func add(_ holds: Bool) { bits = bits << 1 | (holds ? 1 : 0) }
  mutating func clear() { bits = 0 }

  func holds(_ hits: Int, of frames: Int) -> Bool { (bits & ((1 << UInt64(frames)) - 1)).nonzeroBitCount >= hits }
}

/// Where a rule stands.
struct RuleState {
  private(set) var isActive = false
  private var begins = RecentFrames()
  private var ends = RecentFrames()
  private var restsUntil: MonotonicInstant?

  /// Takes a frame in.
  /// - Parameters:
  ///   - condition: whether `when` holds in it.
  ///   - ending: whether `until` does, or `when` doesn't.
  mutating func advance(_ condition: Bool, ending: Bool, hits: Int, of frames: Int, cooldown: Duration, at now: MonotonicInstant) -> RuleEvent.Kind? {
    begins.add(condition)
    guard isActive else {
      if let restsUntil, now < restsUntil { return nil }
      guard begins.holds(hits, of: frames) else { return nil }
      isActive = true
      ends.clear()
      return .begin
    }
    ends.add(ending)
    guard ends.holds(hits, of: frames) else { return nil }
    isActive = false
    begins.clear()
    restsUntil = cooldown > .zero ? now.advanced(by: cooldown) : nil
    return .end
  }

  mutating func cutShort() -> Bool {
    defer { self = RuleState() }
    return isActive
  }
}
