/// A folder on a disk with a cache: what programs see, and what a power cut leaves of it.
///
/// A sync makes a file's content durable. Until then each sector of 512 bytes holds any of the versions it had since the last sync,
/// whatever the others hold, and so does the file's size: drives and file systems write sectors whole and in any order. Which names the
/// folder has becomes durable when the folder is synced, each name for itself before that. That is less than ext4, XFS and btrfs
/// promise; of what SQLite expects ("Atomic Commit In SQLite", section 2, with powersafe overwrite) it is all.
public struct Disk: Sendable {
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

  /// A disk that holds these files, all durable.
  public init(_ contents: [String: FileImage] = [:]) {
    for (name, image) in contents {
      names[name] = files.count
      files.append(File(current: image, synced: image))
    }
    syncedNames = names
  }

  public var hasPending: Bool { hasPendingNames || names.values.contains { !files[$0].pending.isEmpty } }
  public var hasPendingNames: Bool { !pendingNames.isEmpty }

  /// What programs find.
  public var fileNames: [String] { names.keys.sorted() }
  public subscript(name: String) -> FileImage? { names[name].map { files[$0].current } }

  /// Makes the file where there is none.
  public mutating func open(_ name: String) {
    guard names[name] == nil else { return }
    names[name] = files.count
    pendingNames.append((name, files.count))
    files.append(File())
  }

  public mutating func write(_ bytes: [UInt8], to name: String, at offset: Int) { change(name, .write(at: offset, bytes)) }
  public mutating func truncate(_ name: String, to byteCount: Int) { change(name, .truncate(to: byteCount)) }

  /// Makes the file's content durable, and not its name.
  public mutating func sync(_ name: String) {
    guard let file = names[name] else { return }
    for change in files[file].pending { files[file].synced.apply(change) }
    files[file].pending.removeAll()
  }

  /// A sync that fails: what was written since the last one stays readable and is never written, as Linux's page cache has it.
  public mutating func failToSync(_ name: String) {
    guard let file = names[name] else { return }
    files[file].pending.removeAll()
  }

  /// Makes durable which names the folder has.
  public mutating func syncFolder() {
    syncedNames = names
    pendingNames.removeAll()
  }

  public mutating func delete(_ name: String) {
    names[name] = nil
    pendingNames.append((name, nil))
  }

  /// The new name has the old file or this one, never none; whether the old name is left is a matter of its own.
  public mutating func rename(_ name: String, to newName: String) {
    guard let file = names[name] else { return }
    names[newName] = file
    pendingNames.append((newName, file))
    delete(name)
  }

  private mutating func change(_ name: String, _ change: Change) {
    guard let file = names[name] else { return }
    files[file].current.apply(change)
    files[file].pending.append(change)
  }
}

/// A file's bytes.
@safe public struct FileImage: Equatable, Sendable {
  public private(set) var bytes: [UInt8] = []

  public init(_ bytes: [UInt8] = []) {
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
