import Glibc

/// A folder of the real file system. Each call opens the file anew: calls are few and large, and a write-back error that nobody has been
/// told of is reported to whoever syncs the file next.
struct FolderFiles: StoreFiles {
  let folder: String

  /// Makes the folder, durably, where it isn't there yet.
  init(_ folder: String) throws(UpdatesError) {
    self.folder = folder
    try Self.make(folder)
  }

  func names() throws(UpdatesError) -> [String] { try fileNames(in: folder) }

  func byteCount(of name: String) throws(UpdatesError) -> Int? {
    var status = stat()
    if unsafe lstat(path(name), &status) != 0 {
      guard errno == ENOENT else { throw storageError(path(name), "examined") }
      return nil
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw UpdatesError(.damagedStore, "\(path(name)) is no regular file: remove it") }
    return Int(status.st_size)
  }

  func read(_ name: String, in range: Range<Int>) throws(UpdatesError) -> [UInt8] {
    let file = try open(name, O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: range.count)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress! + done, $0.count - done, off_t(range.lowerBound + done)) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw storageError(path(name), "read") }
      guard count > 0 else {
        throw UpdatesError(.damagedStore, "\(path(name)) ends at byte \(range.lowerBound + done), before its time: install the model again")
      }
      done += count
    }
    return bytes
  }

  func create(_ name: String, byteCount: Int) throws(UpdatesError) {
    // Never cut off a file that a process may have mapped.
    guard unsafe unlink(path(name)) == 0 || errno == ENOENT else { throw storageError(path(name), "replaced") }
    let file = try open(name, O_WRONLY | O_CREAT | O_EXCL)
    defer { close(file) }
    guard byteCount > 0 else { return }
    var code = EINTR
    while code == EINTR { code = posix_fallocate(file, 0, off_t(byteCount)) }
    guard code == 0 else { throw storageError(path(name), "given \(byteCount) bytes", code) }
  }

  func write(_ bytes: [UInt8], to name: String, at offset: Int) throws(UpdatesError) {
    let file = try open(name, O_WRONLY)
    defer { close(file) }
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress! + done, $0.count - done, off_t(offset + done)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw storageError(path(name), "written") }
      done += count
    }
  }

  func sync(_ name: String) throws(UpdatesError) {
    let file = try open(name, O_WRONLY)
    defer { close(file) }
    guard fsync(file) == 0 else { throw storageError(path(name), "synced") }
  }

  func rename(_ name: String, to newName: String) throws(UpdatesError) {
    guard unsafe Glibc.rename(path(name), path(newName)) == 0 else { throw storageError(path(name), "renamed") }
  }

  func remove(_ name: String) throws(UpdatesError) {
    guard unsafe unlink(path(name)) == 0 else { throw storageError(path(name), "removed") }
  }

  func syncFolder() throws(UpdatesError) { try Updates.sync(folder: folder) }

  func freeByteCount() throws(UpdatesError) -> Int {
    var facts = statvfs()
    guard unsafe statvfs(folder, &facts) == 0 else { throw storageError(folder, "examined") }
    return Int(clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).partialValue)
  }

  private func path(_ name: String) -> String { folder + "/" + name }

  private func open(_ name: String, _ flags: Int32) throws(UpdatesError) -> Int32 {
    let file = unsafe Glibc.open(path(name), flags | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard file >= 0 else { throw storageError(path(name), "opened") }
    return file
  }
}

extension FolderFiles {
  /// Makes a folder and those above it, durably, where they aren't there yet.
  private static func make(_ folder: String) throws(UpdatesError) {
    let parent = parentFolder(of: folder)
    if unsafe mkdir(folder, 0o750) != 0 {
      switch errno {
      case EEXIST: return
      case ENOENT where parent != folder:
        try make(parent)
        guard unsafe mkdir(folder, 0o750) == 0 || errno == EEXIST else { throw storageError(folder, "made") }
      default: throw storageError(folder, "made")
      }
    }
    try Updates.sync(folder: parent)
  }
}
