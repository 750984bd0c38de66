import Glibc

/// The whole file, at most `limit` bytes of it. Regular files only: a named pipe without a writer reads as empty, or for ever.
func readFile(_ path: String, limit: Int) throws(EdgeAgentError) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw cannotRead(path, errno) }
  defer { close(descriptor) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0 else { throw cannotRead(path, errno) }
  // What the kernel makes up (/proc, /sys) counts as regular.
  guard status.st_mode & S_IFMT == S_IFREG else { throw EdgeAgentError(.file, "\(path) is no regular file") }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while bytes.count < limit {
    let count = unsafe read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw cannotRead(path, errno) }
    if count == 0 { break }
    bytes.append(contentsOf: chunk[..<count])
  }
  return bytes
}

/// Whether the file is there and this process may read it. Reading a named pipe could wait for ever, so it is none.
func checkReadable(_ path: String) throws(EdgeAgentError) {
  var status = stat()
  guard unsafe stat(path, &status) == 0 else { throw cannotRead(path, errno) }
  guard status.st_mode & S_IFMT != S_IFDIR else { throw EdgeAgentError(.file, "\(path) is a folder, not a file") }
  guard status.st_mode & S_IFMT == S_IFREG else { throw EdgeAgentError(.file, "\(path) is no regular file") }
  guard unsafe access(path, R_OK) == 0 else { throw cannotRead(path, errno) }
}

/// Which file a path leads to, and in which state: two that are equal hold the same bytes.
struct FileIdentity: Equatable, Sendable {
  private let path: String
  private let numbers: [Int]

  /// nil where it isn't there.
  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.path = path
    let (modified, changed) = (status.st_mtim, status.st_ctim)
    numbers = [Int(status.st_dev), Int(status.st_ino), Int(status.st_size), modified.tv_sec, modified.tv_nsec, changed.tv_sec, changed.tv_nsec]
  }
}

/// Whether the folder is there and this process may list it.
func checkFolder(_ path: String) throws(EdgeAgentError) {
  var status = stat()
  guard unsafe stat(path, &status) == 0 else { throw cannotRead(path, errno) }
  guard status.st_mode & S_IFMT == S_IFDIR else { throw EdgeAgentError(.file, "\(path) is no folder") }
  guard unsafe access(path, R_OK | X_OK) == 0 else { throw cannotRead(path, errno) }
}

func fileExists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// What keeps this user from writing in a folder, or from making it where it isn't there yet; nil where nothing that can be seen without trying.
func obstacle(toWritingIn path: String) -> String? {
  var status = stat()
  guard unsafe stat(path, &status) == 0 else {
    let (code, parent) = (errno, folderOf(path))
    guard code == ENOENT || code == ENOTDIR, parent != path else { return "\(path) can't be looked at: \(reason(code))" }
    return obstacle(toWritingIn: parent.isEmpty ? "." : parent)
  }
  guard status.st_mode & S_IFMT == S_IFDIR else { return "\(path) is no folder" }
  guard unsafe access(path, W_OK | X_OK) != 0 else { return nil }
  return "\(path) can't be written by this user (id \(geteuid())): \(reason(errno))"
}

/// Makes a folder and those above it, where they aren't there yet.
func makeFolders(_ path: String) throws(EdgeAgentError) {
  guard unsafe mkdir(path, 0o750) != 0, errno != EEXIST else { return }
  let parent = folderOf(path)
  if errno == ENOENT, !parent.isEmpty, parent != path {
    try makeFolders(parent)
    guard unsafe mkdir(path, 0o750) != 0, errno != EEXIST else { return }
  }
  let code = errno
  // A service may see a file system as read-only that isn't.
  let advice = code == EROFS ? "; in a service make it by hand and allow it with ‘ReadWritePaths=\(path)’ by ‘systemctl edit’" : "; make it"
  throw EdgeAgentError(.storage, "the folder \(path) can't be made: \(reason(code))\(advice), or change storage.path")
}

/// The part before the last `/`; empty where there is none.
func folderOf(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "" }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The process's environment.
public func environmentVariable(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  return unsafe String(cString: value)
}

/// What errno says, in the C library's words.
func reason(_ code: Int32) -> String {
  unsafe String(cString: strerror(code))
}

private func cannotRead(_ path: String, _ code: Int32) -> EdgeAgentError {
  if code == ENOENT { return EdgeAgentError(.file, "\(path) does not exist") }
  return EdgeAgentError(.file, "\(path) can't be read: \(reason(code))")
}
