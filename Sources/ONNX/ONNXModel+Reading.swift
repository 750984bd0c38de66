import FileMapping

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
      let mapping = try Self.mapped(path)
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
      var decoding = Decoding(budget: MemoryBudget(limit: memoryLimit), folder: folder)
      self = try unsafe mapping.read { (bytes) throws(ONNXError) in try decoding.model(unsafe WireReader(bytes)) }
    } catch {
      throw error.inside(path)
    }
  }
}

extension ONNXModel {
  private static func mapped(_ path: String) throws(ONNXError) -> MappedFile {
    do throws(FileMappingError) {
      return try MappedFile(path)
    } catch {
      throw ONNXError(error.code == .empty ? .truncated : .unreadable, error.message)
    }
  }
}
