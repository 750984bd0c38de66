import Glibc

/// Writing a file so that a reader sees the old one or the new one, never a part.
enum OutputFile {
  static func write(_ bytes: [UInt8], to path: String) throws {
    let temporary = "\(path).part"
    guard let file = unsafe fopen(temporary, "wb") else { throw failure(temporary) }
    let isWritten = unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count && fflush(file) == 0 && fsync(fileno(file)) == 0
    let isClosed = unsafe fclose(file) == 0
    guard isWritten, isClosed, unsafe rename(temporary, path) == 0 else {
      let failure = failure(path)
      unsafe unlink(temporary)
      throw failure
    }
  }

  static func makeFolder(_ path: String) throws {
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure(path) }
  }

  private static func failure(_ path: String) -> CommandFailure {
    CommandFailure("\(path): can't be written: \(unsafe String(cString: strerror(errno)))")
  }
}
