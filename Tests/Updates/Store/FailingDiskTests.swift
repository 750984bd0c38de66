import Cryptography
import SimulatedDisk
import Testing

@testable import Updates

/// A disk some of whose changes fail: full, or worn out.
@Suite struct FailingDiskTests {
  private let shelf: PackageShelf

  init() throws { shelf = try PackageShelf() }

  /// Two updates and the way back.
  private func update(_ store: inout PackageStore) throws {
    try store.install(shelf.second)
    try store.install(shelf.third)
    try store.rollBack()
  }

  private func isAllowed(_ promise: StorePromise) -> Bool {
    let (first, second, third) = (shelf.first.digest, shelf.second.digest, shelf.third.digest)
    return switch (promise.active, promise.previous, promise.failed) {
    case (first, nil, []), (second, first, []), (third, second, []), (second, nil, [third]): true
    default: false
    }
  }

  /// - Returns: whether a change failed.
  private func fail(after count: Int, times: Int) throws -> Bool {
    let files = RecordedFiles()
    var store = try PackageStore(files, reserveByteCount: 0, syncByteCount: CrashedStore.syncByteCount)
    try store.install(shelf.first)
    files.failing = files.callCount + count..<files.callCount + count + times
    try? update(&store)
    let hasFailed = files.callCount > files.failing.lowerBound
    // Also without a restart: what comes next may sweep, and fail.
    _ = try? store.begin(shelf.other.index)
    for cut in [Disk.Cut.keepsAll, .keepsSynced] + (0..<12).map({ Disk.Cut.tears(seed: UInt64(count * 100 + $0)) }) {
      let left = RecordedFiles(Disk(files.disk.contents(after: cut)))
      let found = try PackageStore(left, reserveByteCount: 0)
      #expect(isAllowed(StorePromise(found)) && found.findings.isEmpty, "after \(count) changes, \(cut): \(StorePromise(found)), \(found.findings)")
      for package in [found.active, found.previous].compactMap({ $0 }) {
        #expect(left.disk[PackageStore.packageName(package.digest)].map { SHA256.digest(of: $0.bytes) } == package.digest, "after \(count) changes, \(cut)")
      }
    }
    files.failing = 0..<0
    if store.active?.digest != shelf.spare.digest { try store.install(shelf.spare) }
    #expect(store.active?.digest == shelf.spare.digest)
    #expect(files.disk.contents(after: .keepsSynced)[PackageStore.packageName(shelf.spare.digest)]?.bytes == shelf.spare.file)
    return hasFailed
  }

  @Test(arguments: [1, 2, 3, 1000])
  func `a disk that fails at any change costs no installed package, and the store goes on when it works again`(times: Int) throws {
    var count = 0
    while try fail(after: count, times: times) { count += 1 }
    #expect(count > 60)
    print("failing disk: \(count) changes")
  }

  @Test func `a download that couldn't begin takes no room, and begins when the disk works again`() throws {
    var isDone = false
    var count = 0
    while !isDone {
      let files = RecordedFiles()
      var store = try PackageStore(files, reserveByteCount: 0)
      files.failing = files.callCount + count..<files.callCount + count + 1
      do {
        try store.begin(shelf.first.index)
        isDone = true
      } catch {
        count += 1
        if store.slots.candidate == nil { #expect(files.names() == [], "after \(count) changes") }
      }
      files.failing = 0..<0
      try store.install(shelf.first)
      #expect(store.active?.digest == shelf.first.digest)
    }
    #expect(count > 10)
  }

  @Test func `blocks that the disk couldn't take are fetched again`() throws {
    let files = RecordedFiles()
    var store = try PackageStore(files, reserveByteCount: 0)
    try store.begin(shelf.first.index)
    try store.fetch(shelf.first, limit: 2)
    try store.sync()
    let missing = store.missingBlocks()
    try store.fetch(shelf.first)
    files.failing = files.callCount..<files.callCount + 1
    #expect(throws: UpdatesError.self) { try store.finish() }
    #expect(store.missingBlocks() == missing)
    try store.install(shelf.first)
    #expect(files.disk.contents(after: .keepsSynced)[PackageStore.packageName(shelf.first.digest)]?.bytes == shelf.first.file)
  }
}
