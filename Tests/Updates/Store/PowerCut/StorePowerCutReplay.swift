import SimulatedDisk

/// Cuts the power at every point of a history and checks what is left.
struct StorePowerCutReplay {
  struct Outcome {
    var points = 0
    var states = 0
    /// The first few, with where and how the power was cut.
    var violations: [String] = []
  }

  let shelf: PackageShelf
  /// Random states of the disk for each point, beside the certain ones.
  let tearsAtEachPoint: Int
  /// For histories that are expected to have violations.
  var endsEarly = false

  func run(_ history: StoreHistory) -> Outcome {
    let crashed = CrashedStore(shelf: shelf)
    var (disk, before, outcome) = (history.disk, history.before, Outcome())
    for point in 0...history.events.count {
      if point > 0 {
        disk.apply(history.events[point - 1])
        if case .noted(let promise) = history.events[point - 1] { before = promise }
      }
      let isStart = !history.events[..<point].contains { if case .noted = $0 { true } else { false } }
      let after = history.promise(after: point, else: before)
      outcome.points += 1
      for cut in cuts(at: point, disk) {
        outcome.states += 1
        let contents = disk.contents(after: cut)
        // Until a store is opened it may be either side of the call that was cut off before.
        let found = crashed.violations(in: contents, before: before, after: isStart && history.after != StorePromise() ? history.after : after)
        if let first = found.first, outcome.violations.count < 5 {
          outcome.violations.append("\(history.name), power cut after event \(point) of \(history.events.count), \(cut): \(first) (\(found.count) problems)")
        }
        if endsEarly && !found.isEmpty { return outcome }
      }
    }
    return outcome
  }

  private func cuts(at point: Int, _ disk: Disk) -> [Disk.Cut] {
    guard disk.hasPending else { return [.keepsAll] }
    return [.keepsAll, .keepsSynced, .keepsNames] + (0..<tearsAtEachPoint).map { .tears(seed: UInt64(point * 1000 + $0)) }
  }
}
