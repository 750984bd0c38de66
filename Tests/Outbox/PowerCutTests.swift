import Foundation
import SimulatedDisk
import Testing

@testable import Outbox

/// Random states of the disk for each write.
private let tears = ProcessInfo.processInfo.environment["SWIFTLET_POWER_CUTS"].flatMap { Int($0) } ?? 1
/// How many points of a workload are followed by another start.
private let restarts = min(40, 4 * max(1, tears))

/// Accepted means committed, also when the power goes: workloads are recorded write by write, and after each write the disk is put into
/// the states that a power cut then could leave, and opened again.
///
/// `SWIFTLET_POWER_CUTS` sets how many random states there are for each write (`make power-cuts`).
@Suite(.serialized, .timeLimit(.minutes(5 * max(1, tears)))) struct PowerCutTests {
  @Test(arguments: PowerCutWorkload.all)
  func `what was accepted survives a power cut at any write`(workload: PowerCutWorkload) throws {
    let history = try workload.record()
    let isExercised = workload.isExercised(history.events)
    #expect(isExercised, "the workload doesn't reach what it is for")
    let outcome = try PowerCutReplay(tearsAtEachPoint: tears).run(history)
    #expect(outcome.violations == [])
    #expect(outcome.points == history.events.count + 1)
    print("power cuts: \(workload.name): \(outcome.points) points, \(outcome.states) states")
  }

  @Test(arguments: [PowerCutWorkload.creation, .appends, .eviction])
  func `a second power cut, soon after the first, costs nothing more`(workload: PowerCutWorkload) throws {
    let first = try workload.record()
    let points = first.points(restarts) { if case .noted = $0 { false } else { true } }
    try check(startsAfter: first, at: points) { point, disk in Disk(disk.contents(after: .tears(seed: UInt64(point)))) }
  }

  /// What the kernel still holds of a killed process's commit looks committed to the next one, which may publish it.
  @Test(arguments: [PowerCutWorkload.creation, .appends, .eviction])
  func `what is found after a kill survives a power cut, too`(workload: PowerCutWorkload) throws {
    let first = try workload.record()
    let points = first.points(restarts) { if case .synced("outbox.db-wal", _) = $0 { true } else { false } }
    try check(startsAfter: first, at: points) { _, disk in disk }
  }

  private func check(startsAfter first: RecordedHistory, at points: [Int], finding found: (Int, Disk) -> Disk) throws {
    #expect(points.count >= 4)
    var sum = PowerCutReplay.Outcome()
    for point in points {
      let (disk, ledger) = first.state(at: point)
      let next = try PowerCutWorkload.nextStart(byteLimit: first.byteLimit).record(on: found(point, disk), ledger, generation: 1)
      let outcome = try PowerCutReplay(tearsAtEachPoint: tears).run(next)
      #expect(outcome.violations == [], "after event \(point) of \(first.name)")
      sum.points += outcome.points
      sum.states += outcome.states
    }
    print("power cuts: \(points.count) starts after \(first.name): \(sum.points) points, \(sum.states) states")
  }

  @Test(arguments: PowerCutWorkload.all, ["outbox.db", "outbox.db-wal"])
  func `the replay notices a drive that ignores syncs`(workload: PowerCutWorkload, of file: String) throws {
    let outcome = try PowerCutReplay(tearsAtEachPoint: 0, endsEarly: true).run(workload.record().withoutSyncs(of: file))
    #expect(!outcome.violations.isEmpty)
  }
}
