/// The package file: a header of 64 bytes, a table of sections, the sections; little-endian, sections 64-byte aligned.
///
/// | bytes | header field |
/// |---|---|
/// | 0…7 | "SWIFTLET" |
/// | 8…11 | format version |
/// | 12…15 | number of sections |
/// | 16…23 | bytes in the file |
/// | 24…27 | CRC-32C of header and table, with this field and the digest as zeros |
/// | 28…31 | zero |
/// | 32…63 | SHA-256 of the whole file with these 32 bytes as zeros; checked at install |
///
/// A table entry takes 32 bytes: kind, zero, offset (8), length (8), CRC-32C of the section, zero.
public enum PackageLayout {
  public static let magic: [UInt8] = [0x53, 0x57, 0x49, 0x46, 0x54, 0x4C, 0x45, 0x54]
  public static let version: UInt32 = 2
  public static let headerByteCount = 64
  public static let entryByteCount = 32
  public static let digestRange = 32..<64
  public static let largestSectionCount = 64

  public enum Section: UInt32, Sendable, CaseIterable {
    /// JSON, UTF-8.
    case manifest = 1
    case program = 2
    case weights = 3
    /// What changes in the program with its open dimensions; only in packages that have any.
    case openDimensions = 4
    /// A second program over the same weights, run again and again on what the first one made (a decoder's step); only in packages that have one.
    case step = 5
    /// Of the second program, as `openDimensions`.
    case stepOpenDimensions = 6
  }
}
