import Glibc

extension ONNXModel {
  /// Reads a model from bytes.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what errors call it.
  ///   - memoryLimit: reading that would take more memory than this, in bytes, is refused before it does.
  public init(bytes: [UInt8], name: String = "model", memoryLimit: Int = defaultMemoryLimit) throws(ONNXError) {
    do throws(ONNXError) {
      var decoding = Decoding(budget: MemoryBudget(limit: memoryLimit), folder: nil)
      self = try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(ONNXError) in try decoding.model(unsafe WireReader(UnsafeRawBufferPointer(buffer))) }
    } catch {
      throw error.inside(name)
    }
  }

  /// Reads a model from a file, which is mapped, not loaded: beside the model itself no memory is taken. The file must not
  /// be shortened meanwhile. External data is read from files in or below its folder.
  /// - Parameters:
  ///   - path: the file.
  ///   - memoryLimit: reading that would take more memory than this, in bytes, is refused before it does.
  public init(contentsOf path: String, memoryLimit: Int = defaultMemoryLimit) throws(ONNXError) {
    do throws(ONNXError) {
      let mapping = try MappedFile(path)
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
      var decoding = Decoding(budget: MemoryBudget(limit: memoryLimit), folder: folder)
      self = try unsafe mapping.read { (bytes) throws(ONNXError) in try decoding.model(unsafe WireReader(bytes)) }
    } catch {
      throw error.inside(path)
    }
  }
}

/// A regular file mapped for reading, unmapped with its owner.
@safe private struct MappedFile: ~Copyable {
  private let bytes: UnsafeRawBufferPointer

  init(_ path: String) throws(ONNXError) {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw ONNXError(.unreadable, "can't be opened: \(systemMessage(errno))") }
    defer { close(file) }
    var facts = stat()
    guard unsafe fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw ONNXError(.unreadable, "is not a regular file") }
    guard facts.st_size > 0 else { throw ONNXError(.truncated, "is empty") }
    guard let base = unsafe mmap(nil, Int(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0), unsafe base != MAP_FAILED else {
      throw ONNXError(.unreadable, "can't be mapped: \(systemMessage(errno))")
    }
    unsafe bytes = UnsafeRawBufferPointer(start: base, count: Int(facts.st_size))
  }

  borrowing func read<Result>(_ body: (UnsafeRawBufferPointer) throws(ONNXError) -> Result) throws(ONNXError) -> Result {
    try unsafe body(bytes)
  }

  deinit {
    _ = unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }
}
