import FileMapping

extension TFLiteModel {
  /// Reading takes at most this many times the file's size, and `memoryAllowance` bytes: a model of real files takes less than
  /// twice its size, since constants are copied once.
  public static let memoryMultiple = 8
  public static let memoryAllowance = 1 << 20

  /// Reads a model from bytes.
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what errors call it.
  public init(bytes: [UInt8], name: String = "model") throws(TFLiteError) {
    do throws(TFLiteError) {
      self = try unsafe bytes.withUnsafeBufferPointer { (raw) throws(TFLiteError) in try Self.read(unsafe Flatbuffer(UnsafeRawBufferPointer(raw))) }
    } catch {
      throw error.inside(name)
    }
  }

  /// Reads a model from a file, which is mapped, not loaded. The file must not be shortened meanwhile.
  public init(contentsOf path: String) throws(TFLiteError) {
    do throws(TFLiteError) {
      let mapping = try Self.mapped(path)
      self = try unsafe mapping.read { (raw) throws(TFLiteError) in try Self.read(unsafe Flatbuffer(raw)) }
    } catch {
      throw error.inside(path)
    }
  }

  private static func read(_ buffer: Flatbuffer) throws(TFLiteError) -> TFLiteModel {
    var decoding = Decoding(buffer, budget: MemoryBudget(limit: buffer.byteCount * memoryMultiple + memoryAllowance))
    return try decoding.model()
  }

  private static func mapped(_ path: String) throws(TFLiteError) -> MappedFile {
    do throws(FileMappingError) {
      return try MappedFile(path)
    } catch {
      throw TFLiteError(error.code == .empty ? .truncated : .unreadable, error.message)
    }
  }
}
