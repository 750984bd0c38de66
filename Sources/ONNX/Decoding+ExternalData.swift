import Glibc

extension Decoding {
  /// `count` bytes of the file that a tensor's external data entries point to. Files lie in or below the model's folder;
  /// symbolic links are refused, since they would lead out of it.
  func externalBytes(_ entries: [String: String], count: Int) throws(ONNXError) -> [UInt8] {
    guard let folder else { throw ONNXError(.unsupported, "its elements are in another file, which a model given as bytes doesn't have") }
    guard let location = entries["location"], !location.isEmpty else { throw ONNXError(.malformed, "its external data has no location") }
    let offset = try Self.position(entries["offset"], "offset") ?? 0
    if let length = try Self.position(entries["length"], "length"), length != count {
      throw ONNXError(.malformed, "it needs \(count) bytes, but its external data is \(length) bytes long")
    }
    let file = try Self.open(location, in: folder)
    defer { close(file) }
    var facts = stat()
    guard unsafe fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw ONNXError(.unreadable, "external data '\(location)' is not a regular file")
    }
    guard offset <= Int(facts.st_size), count <= Int(facts.st_size) - offset else {
      throw ONNXError(.truncated, "external data '\(location)' has \(facts.st_size) bytes, \(count) are needed from \(offset) on")
    }
    return try Self.read(file, location, offset: offset, count: count)
  }

  private static func position(_ text: String?, _ name: String) throws(ONNXError) -> Int? {
    guard let text else { return nil }
    guard let value = Int(text), value >= 0 else { throw ONNXError(.malformed, "its external data's \(name), '\(text)', is no count of bytes") }
    return value
  }

  /// Opens a path below a folder, one component after the other.
  private static func open(_ location: String, in folder: String) throws(ONNXError) -> Int32 {
    // By bytes, as the system reads paths: a slash with a combining mark behind it is another character, and still a slash.
    let path = Array(location.utf8)
    let components = path.split(separator: UInt8(ascii: "/")).map { Array($0) }.filter { $0 != Array(".".utf8) }
    guard path.first != UInt8(ascii: "/"), !path.contains(0), !components.isEmpty, !components.contains(Array("..".utf8)) else {
      throw ONNXError(.malformed, "external data '\(location)' would lie outside the model's folder; this is refused")
    }
    var current = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    for (index, component) in components.enumerated() where current >= 0 {
      let isLast = index == components.count - 1
      let next = unsafe openat(current, String(decoding: component, as: UTF8.self), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (isLast ? O_NONBLOCK : O_DIRECTORY))
      let code = errno
      close(current)
      errno = code
      current = next
    }
    guard current >= 0 else {
      let hint = errno == ELOOP ? "a symbolic link; put the file itself there" : systemMessage(errno)
      throw ONNXError(.unreadable, "external data '\(location)' can't be opened: \(hint)")
    }
    return current
  }

  private static func read(_ file: Int32, _ location: String, offset: Int, count: Int) throws(ONNXError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress! + done, count - done, off_t(offset + done)) }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { throw ONNXError(.unreadable, "external data '\(location)' can't be read: \(got < 0 ? systemMessage(errno) : "it got shorter")") }
      done += got
    }
    return bytes
  }
}

/// What the system calls an error number.
func systemMessage(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
