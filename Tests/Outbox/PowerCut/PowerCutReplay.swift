import Foundation
import Pipelines
import SimulatedDisk

/// Cuts the power at every point of a history and checks what is left.
struct PowerCutReplay {
  struct Outcome {
    var points = 0
    var states = 0
    /// The first few, with where and how the power was cut.
    var violations: [String] = []
  }

  /// Random states of the disk for each point, beside the certain ones.
  let tearsAtEachPoint: Int
  /// Ends each share of the work after the first violation, for histories that are expected to have some.
  var endsEarly = false

  /// The points are shared among threads, which each walk through the whole history.
  func run(_ history: RecordedHistory) throws -> Outcome {
    let threads = min(4, max(1, ProcessInfo.processInfo.activeProcessorCount))
    let crashed = try (0..<threads).map { _ in try CrashedOutbox(byteLimit: history.byteLimit) }
    let outcome = SharedOutcome()
    DispatchQueue.concurrentPerform(iterations: threads) { share in
      let part = walk(history, opening: crashed[share]) { $0 % threads == share }
      outcome.add(part)
    }
    return outcome.sum
  }

  private func walk(_ history: RecordedHistory, opening crashed: CrashedOutbox, where isOwn: (Int) -> Bool) -> Outcome {
    var (disk, ledger, outcome) = (history.disk, history.ledger, Outcome())
    for point in 0...history.events.count {
      if point > 0 {
        disk.apply(history.events[point - 1])
        if case .noted(let fact) = history.events[point - 1] { ledger.apply(fact) }
      }
      guard isOwn(point) else { continue }
      outcome.points += 1
      for cut in cuts(at: point, of: history, disk) {
        outcome.states += 1
        let found = ledger.violations + crashed.violations(in: disk.contents(after: cut), of: ledger, generation: history.generation)
        if let first = found.first, outcome.violations.count < 3 {
          outcome.violations.append("\(history.name), power cut after event \(point) of \(history.events.count), \(cut): \(first) (\(found.count) problems)")
        }
        if endsEarly && !found.isEmpty { return outcome }
      }
    }
    return outcome
  }

  /// The states to check after an event; not those that are equal, with the same promises, to one before it.
  private func cuts(at point: Int, of history: RecordedHistory, _ disk: Disk) -> [Disk.Cut] {
    var cuts: [Disk.Cut] = []
    let event = point == 0 ? nil : history.events[point - 1]
    // The next point is the same disk with one promise more.
    if Self.onlyPromises(event), point < history.events.count, Self.onlyPromises(history.events[point]) { return [] }
    if !Self.changesOnlySynced(event) { cuts.append(.keepsAll) }
    guard disk.hasPending else { return cuts }
    if Self.changesSynced(event) { cuts.append(.keepsSynced) }
    if Self.changesSynced(event) || Self.changesNames(event), disk.hasPendingNames { cuts.append(.keepsNames) }
    return cuts + (0..<tearsAtEachPoint).map { .tears(seed: UInt64(point * 1000 + $0)) }
  }

  private static func onlyPromises(_ event: DiskEvent?) -> Bool {
    switch event {
    case .noted(.accepted), .noted(.seen): true
    default: false
    }
  }

  private static func changesOnlySynced(_ event: DiskEvent?) -> Bool {
    if case .synced = event { true } else { false }
  }

  private static func changesNames(_ event: DiskEvent?) -> Bool {
    switch event {
    case .opened, .deleted: true
    default: false
    }
  }

  /// Also where there is more to promise.
  private static func changesSynced(_ event: DiskEvent?) -> Bool {
    switch event {
    case .synced, .noted, nil: true
    case .deleted(_, let withFolder): withFolder
    default: false
    }
  }

  private final class SharedOutcome: @unchecked Sendable {
    private let mutex = PthreadMutex()
    private var outcome = Outcome()

    var sum: Outcome { mutex.withLock { outcome } }

    func add(_ part: Outcome) {
      mutex.withLock {
        outcome.points += part.points
        outcome.states += part.states
        outcome.violations += part.violations
      }
    }
  }
}
