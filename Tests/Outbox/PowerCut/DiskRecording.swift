import CRecordingVFS
import Outbox
import Pipelines
import SimulatedDisk

/// What a workload learned at one point of the recording: from then on the outbox is held to it.
enum Fact {
  /// The outbox was opened, with this epoch.
  case opened(epoch: String)
  /// A completion was called with this number.
  case accepted(topic: String, sequence: UInt64, payload: [UInt8])
  /// `messages` gave it out.
  case seen(OutboxMessage)
  /// It is about to be marked delivered, and may leave the file at any time.
  case leaving(OutboxMessage)
  /// A commit that removed it was reported.
  case gone(OutboxMessage)
}

/// One thing that happened to the disk, or that the workload learned.
enum DiskEvent {
  case opened(String)
  case wrote(String, at: Int, [UInt8])
  case truncated(String, to: Int)
  /// With its folder: also which names that has.
  case synced(String, withFolder: Bool)
  case deleted(String, withFolder: Bool)
  case noted(Fact)
}

extension Disk {
  mutating func apply(_ event: DiskEvent) {
    switch event {
    case .opened(let name): open(name)
    case .wrote(let name, let offset, let bytes): write(bytes, to: name, at: offset)
    case .truncated(let name, let size): truncate(name, to: size)
    case .synced(let name, let withFolder):
      sync(name)
      if withFolder { syncFolder() }
    case .deleted(let name, let withFolder):
      delete(name)
      if withFolder { syncFolder() }
    case .noted: break
    }
  }
}

/// Records, in one order, what SQLite does to the files of a folder, and facts between.
///
/// While it lasts SQLite's default VFS is another one, which concerns the whole process but changes nothing elsewhere.
@safe final class DiskRecording: @unchecked Sendable {
  private let handle: OpaquePointer
  // Keeps facts and their marks in one order.
  private let mutex = PthreadMutex()
  private var facts: [Fact] = []

  /// - Parameter folder: an absolute path, its links resolved.
  init(of folder: String) throws {
    var started: OpaquePointer?
    let status = unsafe swl_recording_start(folder, &started)
    guard status == 0, let started = unsafe started else { throw Failure(status: status) }
    unsafe handle = started
  }

  func note(_ fact: Fact) {
    mutex.withLock {
      _ = unsafe swl_recording_mark(handle, Int64(facts.count))
      facts.append(fact)
    }
  }

  /// Ends the recording.
  func end() throws -> [DiskEvent] {
    unsafe swl_recording_stop(handle)
    defer { unsafe swl_recording_free_log(handle) }
    return try mutex.withLock {
      try (0..<(unsafe swl_recording_count(handle))).map { index in
        var entry = unsafe swl_recording_entry()
        let status = unsafe swl_recording_entry_at(handle, index, &entry)
        guard status == 0 else { throw Failure(status: status) }
        return unsafe event(entry)
      }
    }
  }

  private func event(_ entry: swl_recording_entry) -> DiskEvent {
    let name = unsafe entry.name.map { unsafe String(cString: $0) } ?? ""
    let offset = unsafe Int(entry.offset)
    let withFolder = unsafe entry.syncs_folder != 0
    switch unsafe entry.kind {
    case SWL_RECORDING_OPEN: return .opened(name)
    case SWL_RECORDING_WRITE: return unsafe .wrote(name, at: offset, [UInt8](UnsafeRawBufferPointer(start: entry.bytes, count: Int(entry.count))))
    case SWL_RECORDING_TRUNCATE: return .truncated(name, to: offset)
    case SWL_RECORDING_SYNC: return .synced(name, withFolder: withFolder)
    case SWL_RECORDING_DELETE: return .deleted(name, withFolder: withFolder)
    default: return .noted(facts[offset])
    }
  }

  struct Failure: Error {
    let status: Int32
  }
}
