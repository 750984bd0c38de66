import Glibc

/// A regular file mapped for reading, unmapped with its owner: beside what is made of it no memory is taken. The file must not be
/// shortened meanwhile.
@safe public struct MappedFile: ~Copyable {
  private let bytes: UnsafeRawBufferPointer

  public init(_ path: String) throws(FileMappingError) {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw FileMappingError(.unreadable, "can't be opened: \(Self.systemMessage(errno))") }
    defer { close(file) }
    var facts = stat()
    guard unsafe fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw FileMappingError(.unreadable, "is not a regular file") }
    guard facts.st_size > 0 else { throw FileMappingError(.empty, "is empty") }
    guard let base = unsafe mmap(nil, Int(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0), unsafe base != MAP_FAILED else {
      throw FileMappingError(.unreadable, "can't be mapped: \(Self.systemMessage(errno))")
    }
    unsafe bytes = UnsafeRawBufferPointer(start: base, count: Int(facts.st_size))
  }

  /// Hands the file's bytes to `body`, which must not keep them.
  public borrowing func read<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
    try unsafe body(bytes)
  }

  /// What the system calls an error number.
  private static func systemMessage(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

  deinit {
    _ = unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }
}

/// Why a file can't be mapped; the path is named by whoever reports.
public struct FileMappingError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    case unreadable
    case empty
  }
  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
