import SimulatedDisk

@testable import Updates

/// A folder in memory that records what is done to it.
final class RecordedFiles: StoreFiles, @unchecked Sendable {
  enum Event {
    case opened(String)
    case resized(String, Int)
    case wrote(String, at: Int, [UInt8])
    case synced(String)
    case syncedFolder
    case renamed(String, to: String)
    case removed(String)
    /// A call of the store returned; from here on it is held to this.
    case noted(StorePromise)
  }

  let folder = "/models/test"
  private(set) var disk: Disk
  private(set) var events: [Event] = []
  var freeBytes = 1 << 40
  /// Which of the calls that change the disk fail, counted from 0.
  var failing = 0..<0
  private(set) var callCount = 0

  init(_ disk: Disk = Disk()) { self.disk = disk }

  func note(_ promise: StorePromise) { events.append(.noted(promise)) }

  func names() -> [String] { disk.fileNames }
  func byteCount(of name: String) -> Int? { disk[name]?.bytes.count }
  func freeByteCount() -> Int { freeBytes }

  func read(_ name: String, in range: Range<Int>) throws(UpdatesError) -> [UInt8] {
    guard let bytes = disk[name]?.bytes, range.upperBound <= bytes.count else { throw UpdatesError(.storage, "\(name) has no bytes \(range)") }
    return Array(bytes[range])
  }

  func create(_ name: String, byteCount: Int) throws(UpdatesError) {
    try change(disk[name] == nil ? [] : [.removed(name)])
    try change([.opened(name), .resized(name, byteCount)])
  }

  func write(_ bytes: [UInt8], to name: String, at offset: Int) throws(UpdatesError) { try change(needing: name, .wrote(name, at: offset, bytes)) }
  func sync(_ name: String) throws(UpdatesError) { try change(needing: name, .synced(name)) }
  func rename(_ name: String, to newName: String) throws(UpdatesError) { try change(needing: name, .renamed(name, to: newName)) }
  func remove(_ name: String) throws(UpdatesError) { try change(needing: name, .removed(name)) }
  func syncFolder() throws(UpdatesError) { try change([.syncedFolder]) }

  private func change(needing name: String, _ event: Event) throws(UpdatesError) {
    guard disk[name] != nil else { throw UpdatesError(.storage, "there is no \(name)") }
    try change([event])
  }

  private func change(_ new: [Event]) throws(UpdatesError) {
    defer { callCount += 1 }
    guard !failing.contains(callCount) else {
      if case .synced(let name)? = new.first { disk.failToSync(name) }
      throw UpdatesError(.diskFull, "change \(callCount) fails, as it is meant to")
    }
    for event in new { disk.apply(event) }
    events += new
  }
}

extension Disk {
  mutating func apply(_ event: RecordedFiles.Event) {
    switch event {
    case .opened(let name): open(name)
    case .resized(let name, let count): truncate(name, to: count)
    case .wrote(let name, let offset, let bytes): write(bytes, to: name, at: offset)
    case .synced(let name): sync(name)
    case .syncedFolder: syncFolder()
    case .renamed(let name, let newName): rename(name, to: newName)
    case .removed(let name): delete(name)
    case .noted: break
    }
  }
}
