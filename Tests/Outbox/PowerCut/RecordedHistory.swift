import SimulatedDisk

/// A recorded workload: the disk and the promises before it, and all that happened.
struct RecordedHistory {
  let name: String
  var disk: Disk
  var ledger: Ledger
  var events: [DiskEvent]
  let byteLimit: Int
  /// Of its writer.
  let generation: Int

  /// The disk and the promises after the first `point` events.
  func state(at point: Int) -> (disk: Disk, ledger: Ledger) {
    var (disk, ledger) = (disk, ledger)
    for event in events.prefix(point) {
      disk.apply(event)
      if case .noted(let fact) = event { ledger.apply(fact) }
    }
    return (disk, ledger)
  }

  /// Up to `count` points that lie even among those where `isWanted` holds for the next event.
  func points(_ count: Int, before isWanted: (DiskEvent) -> Bool) -> [Int] {
    let all = events.indices.filter { isWanted(events[$0]) }
    return all.count <= count ? all : (0..<count).map { all[(2 * $0 + 1) * all.count / (2 * count)] }
  }

  /// The same on a drive that, once the outbox is open, reports a file's syncs done and does nothing.
  func withoutSyncs(of ignored: String) -> RecordedHistory {
    var history = self
    let opening = events.firstIndex { if case .noted = $0 { true } else { false } } ?? 0
    history.events = events[..<opening] + events[opening...].filter { if case .synced(ignored, _) = $0 { false } else { true } }
    return history
  }
}
