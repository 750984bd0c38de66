/// Finds and checks the sections of a package in bytes that nobody vouches for.
public struct PackageReader: Sendable {
  private var ranges: [(kind: UInt32, range: Range<Int>)] = []

  /// Checks header, table and the sum of every section: linear in the file's size, no allocation beyond the table.
  public init(_ bytes: UnsafeRawBufferPointer) throws(ModelFormatError) {
    let count = unsafe try Self.checkedSectionCount(bytes)
    for index in 0..<count {
      let entry = PackageLayout.headerByteCount + index * PackageLayout.entryByteCount
      let kind = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: entry, as: UInt32.self))
      let offset = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: entry + 8, as: UInt64.self))
      let length = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: entry + 16, as: UInt64.self))
      let sum = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: entry + 24, as: UInt32.self))
      guard offset % 64 == 0, offset <= UInt64(bytes.count), length <= UInt64(bytes.count) - offset else {
        throw ModelFormatError(.truncated, "section \(kind) lies outside the file")
      }
      let range = Int(offset)..<Int(offset + length)
      guard range.lowerBound >= PackageLayout.headerByteCount + count * PackageLayout.entryByteCount else {
        throw ModelFormatError(.damaged, "section \(kind) lies in the package's header")
      }
      for other in ranges {
        guard other.kind != kind else { throw ModelFormatError(.damaged, "section \(kind) stands twice") }
        // Checked before the sums, which so read no byte twice.
        guard !other.range.overlaps(range) else { throw ModelFormatError(.damaged, "sections \(other.kind) and \(kind) overlap") }
      }
      guard unsafe CyclicRedundancyCheck.of(UnsafeRawBufferPointer(rebasing: bytes[range])) == sum else {
        throw ModelFormatError(.damaged, "section \(kind) is damaged (its checksum differs): copy or install the package again")
      }
      ranges.append((kind, range))
    }
  }

  /// Whether the file has the section.
  public func has(_ section: PackageLayout.Section) -> Bool { ranges.contains { $0.kind == section.rawValue } }

  /// Where the section lies in the file.
  public func range(of section: PackageLayout.Section) throws(ModelFormatError) -> Range<Int> {
    for (kind, range) in ranges where kind == section.rawValue { return range }
    throw ModelFormatError(.missingSection, "the package has no section \(section.rawValue)")
  }

  private static func checkedSectionCount(_ bytes: UnsafeRawBufferPointer) throws(ModelFormatError) -> Int {
    let magic = PackageLayout.magic
    for index in magic.indices {
      guard index < bytes.count, unsafe bytes[index] == magic[index] else {
        throw ModelFormatError(.notAPackage, "this is no Swiftlet package (a package begins with the letters SWIFTLET)")
      }
    }
    guard bytes.count >= PackageLayout.headerByteCount else { throw ModelFormatError(.truncated, "the package ends inside its header") }
    let version = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    guard version == PackageLayout.version else {
      throw ModelFormatError(.unsupportedVersion, "the package has format version \(version), this build reads \(PackageLayout.version)")
    }
    let count = unsafe Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)))
    let total = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    guard total == UInt64(bytes.count) else {
      throw ModelFormatError(.truncated, "the package says it has \(total) bytes and has \(bytes.count): copy it again")
    }
    let tableEnd = PackageLayout.headerByteCount + count * PackageLayout.entryByteCount
    guard count <= PackageLayout.largestSectionCount, tableEnd <= bytes.count else {
      throw ModelFormatError(.truncated, "the package's table of \(count) sections is impossible")
    }
    guard unsafe headerSum(bytes, tableEnd: tableEnd) == UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self)) else {
      throw ModelFormatError(.damaged, "the package's header is damaged: copy or install it again")
    }
    return count
  }

  private static func headerSum(_ bytes: UnsafeRawBufferPointer, tableEnd: Int) -> UInt32 {
    var sum = CyclicRedundancyCheck()
    unsafe sum.update(UnsafeRawBufferPointer(rebasing: bytes[0..<24]))
    let zeros: [UInt8] = [UInt8](repeating: 0, count: 40)
    unsafe zeros.withUnsafeBytes { unsafe sum.update($0) }
    unsafe sum.update(UnsafeRawBufferPointer(rebasing: bytes[64..<tableEnd]))
    return sum.value
  }
}
