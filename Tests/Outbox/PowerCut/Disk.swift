/// A folder on a disk with a cache: what programs see, and what a power cut leaves of it.
///
/// A sync makes a file's content durable. Until then each sector of 512 bytes holds any of the versions it had since the last sync,
/// whatever the others hold, and so does the file's size: drives and file systems write sectors whole and in any order. Which names the
/// folder has becomes durable when the folder is synced, each name for itself before that. That is less than ext4, XFS and btrfs
/// promise; of what SQLite expects ("Atomic Commit In SQLite", section 2, with powersafe overwrite) it is all.
struct Disk {
  struct File {
    /// With everything that was written.
    var current = FileImage()
    /// As of the last sync.
    var synced = FileImage()
    /// What was done to it since.
    var pending: [Change] = []
  }

  enum Change {
    case write(at: Int, [UInt8])
    case truncate(to: Int)
  }

  private(set) var files: [File] = []
  /// Indices of `files` by name: as programs see them, and as of the last sync of the folder.
  private(set) var names: [String: Int] = [:]
  private(set) var syncedNames: [String: Int] = [:]
  private(set) var pendingNames: [(name: String, file: Int?)] = []
  /// Counts what changes the current, and the synced, state.
  private(set) var version = 0
  private(set) var syncedVersion = 0

  /// A disk that holds these files, all durable.
  init(_ contents: [String: FileImage] = [:]) {
    for (name, image) in contents {
      names[name] = files.count
      files.append(File(current: image, synced: image))
    }
    syncedNames = names
  }

  var hasPending: Bool { !pendingNames.isEmpty || names.values.contains { !files[$0].pending.isEmpty } }

  mutating func apply(_ event: DiskEvent) {
    switch event {
    case .opened(let name): make(name)
    case .wrote(let name, let offset, let bytes): change(name, .write(at: offset, bytes))
    case .truncated(let name, let size): change(name, .truncate(to: size))
    case .synced(let name, let withFolder):
      if let file = names[name] { sync(file) }
      if withFolder { syncFolder() }
    case .deleted(let name, let withFolder):
      names[name] = nil
      pendingNames.append((name, nil))
      version += 1
      if withFolder { syncFolder() }
    case .noted: break
    }
  }

  private mutating func make(_ name: String) {
    guard names[name] == nil else { return }
    names[name] = files.count
    pendingNames.append((name, files.count))
    files.append(File())
    version += 1
  }

  private mutating func change(_ name: String, _ change: Change) {
    guard let file = names[name] else { return }
    files[file].current.apply(change)
    files[file].pending.append(change)
    version += 1
  }

  private mutating func sync(_ file: Int) {
    for change in files[file].pending { files[file].synced.apply(change) }
    files[file].pending.removeAll()
    syncedVersion += 1
  }

  private mutating func syncFolder() {
    syncedNames = names
    pendingNames.removeAll()
    syncedVersion += 1
  }
}

/// A file's bytes.
@safe struct FileImage {
  private(set) var bytes: [UInt8] = []

  init(_ bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  mutating func apply(_ change: Disk.Change) {
    switch change {
    case .write(let offset, let written): write(written[...], at: offset)
    case .truncate(let size): resize(to: size)
    }
  }

  mutating func write(_ written: ArraySlice<UInt8>, at offset: Int) {
    if bytes.count < offset + written.count { resize(to: offset + written.count) }
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe written.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyMemory(from: $0) }
    }
  }

  mutating func resize(to size: Int, filling byte: UInt8 = 0) {
    if size < bytes.count { bytes.removeLast(bytes.count - size) } else { bytes += [UInt8](repeating: byte, count: size - bytes.count) }
  }
}
