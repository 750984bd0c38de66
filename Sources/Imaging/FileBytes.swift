import Glibc

/// Whole files in and out, without Foundation.
package enum FileBytes {
  /// Regular files only: a pipe without a writer would wait for ever.
  /// - Parameter maximumByteCount: larger files are refused before memory is taken.
  package static func read(_ path: String, maximumByteCount: Int) throws(ImagingError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(.unreadableFile, "can't open", path) }
    defer { close(descriptor) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0 else { throw failure(.unreadableFile, "can't read", path) }
    guard facts.st_mode & S_IFMT == S_IFREG else { throw ImagingError(.unreadableFile, "\(path) is not a regular file") }
    guard Int(facts.st_size) <= maximumByteCount else {
      throw ImagingError(.tooLarge, "\(path) has \(facts.st_size) bytes; at most \(maximumByteCount) are read")
    }
    let size = Int(facts.st_size)
    var bytes = [UInt8](repeating: 0, count: size)
    var done = 0
    while done < size {
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress! + done, size - done) }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw failure(.unreadableFile, "can't read", path) }
      if got == 0 { break }
      done += got
    }
    bytes.removeLast(size - done)
    return bytes
  }

  package static func write(_ bytes: [UInt8], to path: String) throws(ImagingError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(.unwritableFile, "can't write", path) }
    var done = 0
    while done < bytes.count {
      let put = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done) }
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else {
        let error = failure(.unwritableFile, "can't write", path)
        close(descriptor)
        throw error
      }
      done += put
    }
    guard close(descriptor) == 0 else { throw failure(.unwritableFile, "can't write", path) }
  }

  private static func failure(_ code: ImagingError.Code, _ what: String, _ path: String) -> ImagingError {
    ImagingError(code, "\(what) \(path): \(unsafe String(cString: strerror(errno)))")
  }
}
