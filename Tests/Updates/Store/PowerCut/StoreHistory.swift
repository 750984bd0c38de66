import SimulatedDisk

@testable import Updates

/// A recorded use of a store.
struct StoreHistory {
  let name: String
  /// What it began with.
  var disk = Disk()
  /// What held then, and what the call promised that had been cut off.
  var before = StorePromise()
  var after = StorePromise()
  var events: [RecordedFiles.Event]

  /// The disk after the first `point` events, the last promise before and the first one after.
  func state(at point: Int) -> (disk: Disk, before: StorePromise, after: StorePromise) {
    var (disk, before) = (disk, before)
    for event in events[..<point] {
      disk.apply(event)
      if case .noted(let promise) = event { before = promise }
    }
    return (disk, before, promise(after: point, else: before))
  }

  /// What the call under way at a point promises in the end.
  func promise(after point: Int, else last: StorePromise) -> StorePromise {
    for event in events[point...] { if case .noted(let promise) = event { return promise } }
    return last
  }

  /// The same on a disk that says some syncs are done and does nothing.
  func without(_ isIgnored: (RecordedFiles.Event) -> Bool) -> StoreHistory {
    var history = self
    history.events.removeAll(where: isIgnored)
    return history
  }
}

/// A store whose every call is recorded, with what it promised.
struct RecordedStore: ~Copyable {
  let files: RecordedFiles
  private var store: PackageStore
  private var last = StorePromise()

  init(_ disk: Disk = Disk()) throws {
    files = RecordedFiles(disk)
    store = try PackageStore(files, reserveByteCount: 0, syncByteCount: CrashedStore.syncByteCount)
    note()
  }

  var state: StorePromise { last }
  func missingCount() -> Int { store.missingBlocks().count }

  mutating func call(_ body: (inout PackageStore) throws -> Void) throws {
    try body(&store)
    note()
  }

  /// A block a call.
  mutating func fetch(_ release: PackageShelf.Release, limit: Int = .max) throws {
    for _ in 0..<min(limit, store.missingBlocks().count) { try call { try $0.fetch(release, limit: 1) } }
  }

  mutating func install(_ release: PackageShelf.Release, overUnproved isActiveUnproved: Bool = false) throws {
    try call { try $0.begin(release.index) }
    try fetch(release)
    try call { try $0.finish() }
    try call { try $0.activate(isActiveProved: !isActiveUnproved) }
  }

  mutating func restart() throws {
    store = try PackageStore(files, reserveByteCount: 0, syncByteCount: CrashedStore.syncByteCount)
    note()
  }

  private mutating func note() {
    last = StorePromise(store, after: last)
    files.note(last)
  }
}
