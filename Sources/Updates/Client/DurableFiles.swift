import Glibc

/// The bytes of a file; nil where it can't be read.
public func contents(of path: String) -> [UInt8]? {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = unsafe read(descriptor, &piece, piece.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    if count == 0 { return bytes }
    bytes += piece[..<count]
  }
}

/// Puts `bytes` in a file's place as a whole: after a power cut there is the old file or the new one, and once this returns the new one.
///
/// - Throws: `.storage`, with the system's reason.
public func replaceFile(at path: String, with bytes: [UInt8]) throws(UpdatesError) {
  let draft = path + ".new"
  let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw storageError(draft, "created") }
  do throws(UpdatesError) {
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress! + written, bytes.count - written) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw storageError(draft, "written") }
      written += count
    }
    guard fsync(descriptor) == 0 else { throw storageError(draft, "brought to the disk") }
  } catch {
    unsafe unlink(draft)
    throw error
  }
  guard unsafe rename(draft, path) == 0 else {
    let error = storageError(path, "replaced")
    unsafe unlink(draft)
    throw error
  }
  try syncFolder(of: path)
}

/// - Throws: `.storage`. A file that isn't there is no error.
public func removeFile(at path: String) throws(UpdatesError) {
  guard unsafe unlink(path) == 0 else {
    if errno == ENOENT { return }
    throw storageError(path, "removed")
  }
  try syncFolder(of: path)
}

private func syncFolder(of path: String) throws(UpdatesError) { try sync(folder: parentFolder(of: path)) }

/// Makes durable which names a folder has.
func sync(folder: String) throws(UpdatesError) {
  let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { throw storageError(folder, "opened") }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw storageError(folder, "brought to the disk") }
}

func parentFolder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The names in a folder, in no order.
public func fileNames(in folder: String) throws(UpdatesError) -> [String] {
  guard let listing = unsafe opendir(folder) else { throw storageError(folder, "listed") }
  defer { unsafe closedir(listing) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = unsafe readdir(listing) else { break }
    let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    if name != ".", name != ".." { names.append(name) }
  }
  guard errno == 0 else { throw storageError(folder, "listed") }
  return names
}

/// What the system says of a file or folder; a full disk has its own code.
func storageError(_ path: String, _ what: String, _ code: Int32 = errno) -> UpdatesError {
  let reason = unsafe String(cString: strerror(code))
  if code == ENOSPC || code == EDQUOT { return UpdatesError(.diskFull, "\(path) can't be \(what): \(reason); make room on its disk") }
  return UpdatesError(.storage, "\(path) can't be \(what): \(reason); see to its folder's rights and its disk")
}
