import Glibc

/// Standard output and error as this program uses them.
enum Terminal {
  /// Whether a person watches standard output, and control sequences make sense.
  static var isInteractive: Bool {
    guard isatty(STDOUT_FILENO) == 1 else { return false }
    guard let kind = unsafe getenv("TERM") else { return false }
    return unsafe String(cString: kind) != "dumb"
  }

  /// Whether a person watches standard error: progress goes there.
  static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

  /// One line on standard error.
  static func complain(_ message: String) {
    write("swiftlet: \(message)\n", to: STDERR_FILENO)
  }

  /// One line on standard error about what isn't wrong, but worth knowing.
  static func note(_ message: String) {
    write("swiftlet: note: \(message)\n", to: STDERR_FILENO)
  }

  /// Text to standard output, at once.
  static func show(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// The same, for those who work on and on and end when nobody reads any more.
  /// - Returns: whether it went out.
  static func canShow(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) }

  @discardableResult
  fileprivate static func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }
}

extension Terminal {
  /// Columns of the terminal on standard output; 80 where that is unknown.
  static var width: Int {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

extension Terminal {
  /// A part of a line on standard error, where a person watches.
  static func showProgress(_ text: String) { write(text, to: STDERR_FILENO) }
}
