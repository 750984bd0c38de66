import Glibc
import Updates

/// The plain file work of a release folder.
enum ReleaseFiles {
  static func read(_ path: String) throws(ReleaseError) -> [UInt8] {
    guard let bytes = contents(of: path) else {
      throw ReleaseError(.storage, "\(path) can't be read: \(unsafe String(cString: strerror(errno)))")
    }
    return bytes
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  static func write(_ bytes: [UInt8], to path: String) throws(ReleaseError) {
    try trusting(.storage) { () throws(UpdatesError) in try replaceFile(at: path, with: bytes) }
  }

  static func remove(_ path: String) throws(ReleaseError) { try trusting(.storage) { () throws(UpdatesError) in try removeFile(at: path) } }

  /// In order. A folder that isn't there has none.
  static func names(in folder: String) throws(ReleaseError) -> [String] {
    guard exists(folder) else { return [] }
    return try trusting(.storage) { () throws(UpdatesError) in try fileNames(in: folder) }.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// A folder that is there already is no error.
  static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(ReleaseError) {
    guard unsafe mkdir(path, mode) == 0 || errno == EEXIST else {
      throw ReleaseError(.storage, "the folder \(path) can't be made: \(unsafe String(cString: strerror(errno)))")
    }
  }

  /// A new file that its owner alone may read, on the disk once this returns.
  static func writePrivate(_ bytes: [UInt8], to path: String) throws(ReleaseError) {
    func failure() -> ReleaseError { ReleaseError(.storage, "\(path) can't be written: \(unsafe String(cString: strerror(errno)))") }
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else { throw failure() }
  }
}
