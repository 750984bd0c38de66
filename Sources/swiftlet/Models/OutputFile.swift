import Glibc

/// Writing a file so that a reader sees the old one or the new one, never a part.
enum OutputFile {
  /// - Parameter sources: files that were read to make this one; it must not replace them.
  static func write(_ bytes: [UInt8], to path: String, madeFrom sources: [String] = []) throws {
    try check(path, madeFrom: sources)
    let temporary = "\(path).part"
    guard let file = unsafe fopen(temporary, "wb") else { throw failure(path) }
    let isWritten = unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count && fflush(file) == 0 && fsync(fileno(file)) == 0
    let isClosed = unsafe fclose(file) == 0
    guard isWritten, isClosed, unsafe rename(temporary, path) == 0 else {
      let failure = failure(path)
      unsafe unlink(temporary)
      throw failure
    }
  }

  /// Refuses to replace a source, or anything that is no regular file.
  static func check(_ path: String, madeFrom sources: [String]) throws {
    var target = stat()
    guard unsafe stat(path, &target) == 0 else { return }
    guard target.st_mode & S_IFMT == S_IFREG else { throw CommandFailure("\(path) is there and no regular file: choose another name", status: .wrongUse) }
    for source in sources {
      var facts = stat()
      guard unsafe stat(source, &facts) == 0, facts.st_dev == target.st_dev, facts.st_ino == target.st_ino else { continue }
      throw CommandFailure("\(path) would replace what it is made from: choose another name or folder", status: .wrongUse)
    }
  }

  /// Refuses a place where no file can be made, before the work whose result it is for.
  static func checkPlace(_ path: String) throws {
    let temporary = "\(path).part"
    guard let file = unsafe fopen(temporary, "ab") else { throw failure(path) }
    unsafe fclose(file)
    unsafe unlink(temporary)
  }

  static func makeFolder(_ path: String) throws {
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure(path) }
  }

  private static func failure(_ path: String) -> CommandFailure {
    guard errno != ENOENT else { return CommandFailure("\(path): can't be written: its folder isn't there; make it first") }
    return CommandFailure("\(path): can't be written: \(unsafe String(cString: strerror(errno)))")
  }
}
