import Pipelines

/// Tracks that are about and of no part: parts that were given up, and what lies where parts enter without having entered. What appears while one of
/// them isn't seen may be that one under another number.
///
/// Each is kept for a part's `patience` after it was seen last, and until it leaves at the latest.
struct StrayParts {
  static let limit = 16

  private struct Stray {
    let track: UInt64
    var deadline: MonotonicInstant
    /// In the present frame.
    var isSeen = false
  }

  private var strays: [Stray] = []
  /// Until when there are more than are known one by one.
  private var crowdedUntil = MonotonicInstant(nanoseconds: 0)

  init() { strays.reserveCapacity(Self.limit) }

  /// A frame's things follow.
  mutating func beginFrame(at now: MonotonicInstant) {
    var at = 0
    while at < strays.count {
      strays[at].isSeen = false
      if strays[at].deadline <= now { remove(at) } else { at += 1 }
    }
  }

  /// Something that is no part is seen; one that isn't known yet counts where `isNew` says so.
  mutating func see(_ track: UInt64, until deadline: MonotonicInstant, isNew: Bool) {
    if let at = position(of: track) {
      strays[at] = Stray(track: track, deadline: deadline, isSeen: true)
    } else if isNew {
      note(track, until: deadline, isSeen: true)
    }
  }

  /// From now on it is of no part.
  mutating func note(_ track: UInt64, until deadline: MonotonicInstant, isSeen: Bool) {
    guard strays.count < Self.limit else {
      crowdedUntil = max(crowdedUntil, deadline)
      return
    }
    strays.append(Stray(track: track, deadline: deadline, isSeen: isSeen))
  }

  mutating func leave(_ track: UInt64) { if let at = position(of: track) { remove(at) } }

  mutating func forget() {
    strays.removeAll(keepingCapacity: true)
    crowdedUntil = MonotonicInstant(nanoseconds: 0)
  }

  /// Whether one of them isn't seen in this frame.
  func isAnyHidden(at now: MonotonicInstant) -> Bool {
    for at in 0..<strays.count where !strays[at].isSeen && now < strays[at].deadline { return true }
    return now < crowdedUntil
  }

  private func position(of track: UInt64) -> Int? {
    for at in 0..<strays.count where strays[at].track == track { return at }
    return nil
  }

  private mutating func remove(_ at: Int) {
    strays[at] = strays[strays.count - 1]
    strays.removeLast()
  }
}
