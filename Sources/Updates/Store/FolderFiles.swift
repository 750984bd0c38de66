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

  func names() throws(UpdatesError) -> [String] {
    guard let listing = unsafe opendir(folder) else { throw failure("be listed", folder) }
    defer { unsafe closedir(listing) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(listing) else { break }
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw failure("be listed", folder) }
    return names
  }

  func byteCount(of name: String) throws(UpdatesError) -> Int? {
    var status = stat()
    if unsafe lstat(path(name), &status) != 0 {
      guard errno == ENOENT else { throw failure("be examined", path(name)) }
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
      guard count >= 0 else { throw failure("be read", path(name)) }
      guard count > 0 else {
        throw UpdatesError(.damagedStore, "\(path(name)) ends at byte \(range.lowerBound + done), before its time: install the model again")
      }
      done += count
    }
    return bytes
  }

  func create(_ name: String, byteCount: Int) throws(UpdatesError) {
    // Never cut off a file that a process may have mapped.
    guard unsafe unlink(path(name)) == 0 || errno == ENOENT else { throw failure("be replaced", path(name)) }
    let file = try open(name, O_WRONLY | O_CREAT | O_EXCL)
    defer { close(file) }
    guard byteCount > 0 else { return }
    var code = EINTR
    while code == EINTR { code = posix_fallocate(file, 0, off_t(byteCount)) }
    guard code == 0 else { throw failure("take up \(byteCount) bytes", path(name), code) }
  }

  func write(_ bytes: [UInt8], to name: String, at offset: Int) throws(UpdatesError) {
    let file = try open(name, O_WRONLY)
    defer { close(file) }
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress! + done, $0.count - done, off_t(offset + done)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("be written", path(name)) }
      done += count
    }
  }

  func sync(_ name: String) throws(UpdatesError) {
    let file = try open(name, O_WRONLY)
    defer { close(file) }
    guard fsync(file) == 0 else { throw failure("be synced", path(name)) }
  }

  func rename(_ name: String, to newName: String) throws(UpdatesError) {
    guard unsafe Glibc.rename(path(name), path(newName)) == 0 else { throw failure("be renamed", path(name)) }
  }

  func remove(_ name: String) throws(UpdatesError) {
    guard unsafe unlink(path(name)) == 0 else { throw failure("be removed", path(name)) }
  }

  func syncFolder() throws(UpdatesError) { try Self.sync(folder: folder) }

  func freeByteCount() throws(UpdatesError) -> Int {
    var facts = statvfs()
    guard unsafe statvfs(folder, &facts) == 0 else { throw failure("be examined", folder) }
    return Int(clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).partialValue)
  }

  private func path(_ name: String) -> String { folder + "/" + name }

  private func open(_ name: String, _ flags: Int32) throws(UpdatesError) -> Int32 {
    let file = unsafe Glibc.open(path(name), flags | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard file >= 0 else { throw failure("be opened", path(name)) }
    return file
  }
}

// Folders, and what the system calls an error.
extension FolderFiles {
  private static func make(_ folder: String) throws(UpdatesError) {
    if unsafe mkdir(folder, 0o750) != 0 {
      switch errno {
      case EEXIST: return
      case ENOENT where parent(of: folder) != folder:
        try make(parent(of: folder))
        guard unsafe mkdir(folder, 0o750) == 0 || errno == EEXIST else { throw failure("be made", folder, errno) }
      default: throw failure("be made", folder, errno)
      }
    }
    try sync(folder: parent(of: folder))
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func sync(folder: String) throws(UpdatesError) {
    let descriptor = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("be opened", folder, errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("be synced", folder, errno) }
  }

  private func failure(_ what: String, _ path: String, _ code: Int32 = errno) -> UpdatesError { Self.failure(what, path, code) }

  private static func failure(_ what: String, _ path: String, _ code: Int32) -> UpdatesError {
    let reason = unsafe String(cString: strerror(code))
    if code == ENOSPC || code == EDQUOT { return UpdatesError(.diskFull, "\(path) can't \(what): \(reason); make room on its disk") }
    return UpdatesError(.storage, "\(path) can't \(what): \(reason); see to its folder's rights and its disk")
  }
}
