import CZstandard

/// The form in which a block travels and is addressed: a mark, then the bytes as they are or as one Zstandard frame (RFC 8878), whichever
/// is shorter.
///
/// | byte | |
/// |---|---|
/// | 0 | 0: raw, 1: Zstandard |
/// | 1… | the block |
public enum StoredBlock {
  /// Bytes of a block before it is stored: with the mark both counts fit into 16 bits, and the message into 64 KiB.
  public static let largestRawByteCount = 65_534
  /// Bytes of a stored block.
  public static let largestByteCount = 65_535

  private enum Mark {
    static let raw: UInt8 = 0
    static let zstandard: UInt8 = 1
  }

  /// Blocks are packed once and fetched by every device.
  private static let level: Int32 = 19
  /// RFC 8878, section 3.1.1; frames of versions before the standard have others.
  private static let frameMagic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  /// - Parameter raw: 1 to `largestRawByteCount` bytes.
  /// - Returns: the same bytes for the same block from one version of libzstd; another version may find a shorter form.
  public static func encode(_ raw: [UInt8]) -> [UInt8] {
    precondition(!raw.isEmpty && raw.count <= largestRawByteCount, "a block has 1 to \(largestRawByteCount) bytes, not \(raw.count)")
    var packed = [UInt8](repeating: 0, count: raw.count)
    let count = unsafe ZSTD_compress(&packed, packed.count, raw, raw.count, level)
    // An error, too, where the frame would be longer than the block.
    guard ZSTD_isError(count) == 0, count < raw.count else { return [Mark.raw] + raw }
    return [Mark.zstandard] + packed[..<count]
  }

  /// The block's bytes. Never takes more memory than they need, whatever a frame says about itself.
  ///
  /// - Parameter rawByteCount: as the index states it.
  /// - Throws: `malformedBlock`, its text for use after "block NAME ".
  public static func decode(_ stored: [UInt8], rawByteCount: Int) throws(UpdatesError) -> [UInt8] {
    guard (1...largestRawByteCount).contains(rawByteCount), stored.count <= largestByteCount else {
      throw malformed("is said to have \(rawByteCount) bytes, and \(stored.count) stored; a block has up to \(largestRawByteCount)")
    }
    switch stored.first {
    case Mark.raw:
      guard stored.count == rawByteCount + 1 else { throw malformed("has \(stored.count - 1) bytes instead of \(rawByteCount)") }
      return Array(stored[1...])
    case Mark.zstandard: return try decompress(Array(stored[1...]), rawByteCount)
    case let mark?: throw malformed("has the unknown form \(mark); update swiftletd")
    case nil: throw malformed("is empty")
    }
  }

  private static func decompress(_ frame: [UInt8], _ rawByteCount: Int) throws(UpdatesError) -> [UInt8] {
    // Nothing may follow the frame, and no older format is decoded.
    guard frame.starts(with: frameMagic), unsafe ZSTD_findFrameCompressedSize(frame, frame.count) == frame.count else {
      throw malformed("is no Zstandard frame")
    }
    var raw = [UInt8](repeating: 0, count: rawByteCount)
    let count = unsafe ZSTD_decompress(&raw, raw.count, frame, frame.count)
    guard ZSTD_isError(count) == 0 else { throw malformed("can't be decompressed: \(unsafe String(cString: ZSTD_getErrorName(count)))") }
    guard count == rawByteCount else { throw malformed("has \(count) bytes instead of \(rawByteCount)") }
    return raw
  }

  private static func malformed(_ what: String) -> UpdatesError { UpdatesError(.malformedBlock, what) }
}
