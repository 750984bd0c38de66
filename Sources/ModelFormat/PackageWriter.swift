/// Lays sections out as a package file.
public enum PackageWriter {
  /// The file's bytes, the digest still zeros: whoever has SHA-256 at hand fills `PackageLayout.digestRange`.
  public static func file(_ sections: [(PackageLayout.Section, [UInt8])]) -> [UInt8] {
    let tableEnd = PackageLayout.headerByteCount + sections.count * PackageLayout.entryByteCount
    var table = ByteWriter()
    var body: [UInt8] = []
    for (kind, bytes) in sections {
      body.append(contentsOf: repeatElement(0, count: padding(tableEnd + body.count)))
      table.write(kind.rawValue)
      table.write(UInt32(0))
      table.write(UInt64(tableEnd + body.count))
      table.write(UInt64(bytes.count))
      table.write(unsafe bytes.withUnsafeBytes { unsafe CyclicRedundancyCheck.of($0) })
      table.write(UInt32(0))
      body.append(contentsOf: bytes)
    }
    let blank = header(sections.count, total: tableEnd + body.count, sum: 0) + table.bytes
    let sum = unsafe blank.withUnsafeBytes { unsafe CyclicRedundancyCheck.of($0) }
    return header(sections.count, total: tableEnd + body.count, sum: sum) + table.bytes + body
  }

  private static func padding(_ position: Int) -> Int { (64 - position % 64) % 64 }

  private static func header(_ sectionCount: Int, total: Int, sum: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    for byte in PackageLayout.magic { writer.write(byte) }
    writer.write(PackageLayout.version)
    writer.writeCount(sectionCount)
    writer.write(UInt64(total))
    writer.write(sum)
    writer.write(UInt32(0))
    return writer.bytes + [UInt8](repeating: 0, count: 32)
  }
}
