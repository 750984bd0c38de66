import Glibc
import Imaging

/// The images of a folder, and reading one into memory.
struct ImageFolder: Sendable {
  /// A file longer than this is no image that we want to read.
  static let byteLimit = 64 << 20

  let path: String

  /// The images' names in byte order.
  func imageNames() throws(CaptureError) -> [String] {
    guard let directory = unsafe opendir(path) else {
      switch errno {
      case ENOENT: throw CaptureError(.notFound, "folder:\(path): there is no such folder; check the path")
      case ENOTDIR: throw CaptureError(.notFound, "folder:\(path): is a file; name the folder that holds the images")
      case EACCES: throw CaptureError(.noPermission, "folder:\(path): may not be read; give this user permission to read it")
      case let number: throw CaptureError(.inputOutput, "folder:\(path): can't be read (\(systemMessage(number)))")
      }
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") && RGBImage.isImageFile(named: name) { names.append(name) }
    }
    guard !names.isEmpty else {
      throw CaptureError(.notFound, "folder:\(path): holds no image; put .jpg, .ppm or .bmp files there")
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Reads a whole regular file into what `memory` gives for its size.
  ///
  /// - Returns: the bytes read, or nil when the file is gone, not regular, empty, too long or changes while it is read.
  func read(_ name: String, into memory: (Int) -> UnsafeMutableBufferPointer<UInt8>) -> UnsafeMutableBufferPointer<UInt8>? {
    let descriptor = unsafe open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, (1...Self.byteLimit).contains(status.st_size) else { return nil }
    let bytes = unsafe memory(status.st_size)
    var count = 0
    while count < status.st_size {
      let got = unsafe Glibc.read(descriptor, bytes.baseAddress! + count, status.st_size - count)
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { return nil }
      count += got
    }
    return unsafe UnsafeMutableBufferPointer(rebasing: bytes[..<count])
  }
}
