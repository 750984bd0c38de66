import Foundation
import TestBroker

/// A file system of 2 MB in memory, for tests of a full disk. Needs the right to mount.
final class SmallDisk {
  let path: String

  /// False where this user may not mount; says so once.
  static let isPossible: Bool = {
    if (try? SmallDisk()) != nil { return true }
    FileHandle.standardError.write(Data("SKIPPED: the full disk end to end, as this user may not mount a tmpfs (run as root)\n".utf8))
    return false
  }()

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-disk-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=2m") == 0 else {
      try? FileManager.default.removeItem(atPath: path)
      throw RealBroker.Failure(description: "mount: \(unsafe String(cString: strerror(errno)))")
    }
  }

  deinit {
    unsafe umount2(path, Int32(MNT_DETACH))
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file until nothing fits any more.
  func fill(leaving bytes: Int) throws {
    let descriptor = unsafe open(path + "/ballast", O_CREAT | O_WRONLY | O_APPEND, 0o600)
    defer { close(descriptor) }
    let zeros = [UInt8](repeating: 0, count: 4096)
    while unsafe write(descriptor, zeros, zeros.count) > 0 {}
    if bytes > 0 {
      var status = stat()
      unsafe fstat(descriptor, &status)
      ftruncate(descriptor, max(0, status.st_size - bytes))
    }
  }

  func clear() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: path) { try FileManager.default.removeItem(atPath: path + "/" + name) }
  }
}
