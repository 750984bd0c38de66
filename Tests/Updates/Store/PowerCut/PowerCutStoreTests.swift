import Foundation
import SimulatedDisk
import Testing

@testable import Updates

/// Random states of the disk for each change of it.
private let tears = ProcessInfo.processInfo.environment["SWIFTLET_POWER_CUTS"].flatMap { Int($0) } ?? 3
/// How many points, evenly spread over a history, are followed by another start.
private let restarts = min(60, 4 * max(1, tears))

/// Uses of a store are recorded change by change; at each change the disk is put into the states that a power cut then could leave, the store is
/// opened again, held to what it said, and used.
@Suite(.serialized) struct PowerCutStoreTests {
  private let shelf: PackageShelf

  init() throws { shelf = try PackageShelf() }

  /// The first installation, an update with a restart in its middle, a download that gives way to another, one that is rejected when it is
  /// whole, a switch that is taken back, the way forward to the package before, and a switch over one that isn't to be gone
  /// back to.
  private func life() throws -> StoreHistory {
    var store = try RecordedStore()
    try store.install(shelf.first)
    try store.call { try $0.begin(shelf.second.index) }
    try store.fetch(shelf.second, limit: 1)
    try store.restart()
    try store.call { try $0.begin(shelf.second.index) }
    try store.fetch(shelf.second, limit: 2)
    try store.call { try $0.sync() }
    try store.install(shelf.second)
    try store.call { try $0.begin(shelf.other.index) }
    try store.fetch(shelf.other, limit: 2)
    try store.call { try $0.begin(shelf.third.index) }
    try store.fetch(shelf.third)
    try store.call { try $0.finish() }
    try store.call { try $0.reject(shelf.third.digest) }
    try store.call { try $0.begin(shelf.first.index) }
    try store.call { try $0.activate() }
    try store.install(shelf.other)
    try store.call { try $0.rollBack() }
    try store.call { try $0.begin(shelf.second.index) }
    try store.fetch(shelf.second, limit: 1)
    try store.call { try $0.abandonCandidate() }
    try store.install(shelf.spare, overUnproved: true)
    return StoreHistory(name: "life", events: store.files.events)
  }

  /// What an agent does with what it finds.
  private func nextStart(on disk: Disk, _ first: StoreHistory, _ before: StorePromise, _ after: StorePromise) throws -> StoreHistory {
    var store = try RecordedStore(disk)
    let goal = store.state.candidate ?? [shelf.second, shelf.first].map(\.digest).first { $0 != store.state.active }
    if let goal, let release = shelf[goal] { try store.install(release) }
    if store.state.previous != nil { try store.call { try $0.rollBack() } }
    return StoreHistory(name: "a start after \(first.name)", disk: disk, before: before, after: after, events: store.files.events)
  }

  @Test func `what the store said survives a power cut at any change, and no package is ever half`() throws {
    let history = try life()
    let outcome = StorePowerCutReplay(shelf: shelf, tearsAtEachPoint: tears).run(history)
    #expect(outcome.violations == [])
    #expect(outcome.points == history.events.count + 1 && outcome.points > 300)
    print("power cuts: the store's \(history.name): \(outcome.points) points, \(outcome.states) states")
  }

  @Test(arguments: [true, false]) func `a second power cut, soon after the first or a kill, takes nothing more`(isKill: Bool) throws {
    let first = try life()
    var sum = StorePowerCutReplay.Outcome()
    var points = Set((0..<restarts).map { (2 * $0 + 1) * first.events.count / (2 * restarts) })
    // What a killed process wrote and didn't sync looks the same to the next one as what it did.
    if isKill { points.formUnion(first.events.indices.filter { Self.isSyncOfNotes(first.events[$0]) }) }
    for point in points.sorted() {
      let (disk, before, after) = first.state(at: point)
      let found = isKill ? disk : Disk(disk.contents(after: .tears(seed: UInt64(point))))
      let next = try nextStart(on: found, first, before, after)
      let outcome = StorePowerCutReplay(shelf: shelf, tearsAtEachPoint: 1).run(next)
      #expect(outcome.violations == [], "after event \(point) of \(first.name)")
      sum.points += outcome.points
      sum.states += outcome.states
    }
    print("power cuts: \(points.count) starts after \(isKill ? "kills" : "power cuts"): \(sum.points) points, \(sum.states) states")
  }

  /// Of the slots' name, or of the blocks that are there.
  private static func isSyncOfNotes(_ event: RecordedFiles.Event) -> Bool {
    switch event {
    case .syncedFolder: true
    case .synced(let name): name.hasSuffix(".fetched")
    default: false
    }
  }

  /// Each sync is needed: without it some power cut breaks a promise.
  @Test(arguments: [".swiftlet", ".blocks", ".fetched", "slots.json.new", ""])
  func `the replay notices a disk that ignores syncs`(of ending: String) throws {
    let history = try life().without { event in
      switch event {
      case .synced(let name): !ending.isEmpty && name.hasSuffix(ending)
      case .syncedFolder: ending.isEmpty
      default: false
      }
    }
    let outcome = StorePowerCutReplay(shelf: shelf, tearsAtEachPoint: 1, endsEarly: true).run(history)
    #expect(!outcome.violations.isEmpty)
  }
}
