/// Bytes written as characters that can be printed, so that a vocabulary of byte sequences is one of texts (A. Radford et al., "Language models
/// are unsupervised multitask learners", 2019): printable characters of Latin-1 stand for their own bytes, the other bytes in their order for the
/// characters from U+0100 on.
enum ByteLevelCharacters {
  private static let bytes: [UInt32: UInt8] = {
    var (bytes, next) = ([UInt32: UInt8](), UInt32(256))
    for byte in UInt8.min...UInt8.max {
      switch byte {
      case 33...126, 161...172, 174...255: bytes[UInt32(byte)] = byte
      default:
        bytes[next] = byte
        next += 1
      }
    }
    return bytes
  }()

  /// What a piece stands for: its own UTF-8 where a character of it stands for no byte.
  static func bytes(of piece: String) -> [UInt8] {
    var found: [UInt8] = []
    for scalar in piece.unicodeScalars {
      guard let byte = bytes[scalar.value] else { return Array(piece.utf8) }
      found.append(byte)
    }
    return found
  }
}
