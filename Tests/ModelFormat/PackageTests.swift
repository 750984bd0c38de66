import ModelFormat
import Testing

struct PackageTests {
  static let sections: [(PackageLayout.Section, [UInt8])] = [(.manifest, [1, 2, 3]), (.program, []), (.weights, [UInt8](0..<200))]

  static func read(_ bytes: [UInt8]) throws -> [PackageLayout.Section: [UInt8]] {
    try unsafe bytes.withUnsafeBytes { buffer in
      let reader = try unsafe PackageReader(buffer)
      var contents: [PackageLayout.Section: [UInt8]] = [:]
      for (section, _) in sections { contents[section] = unsafe [UInt8](buffer[try reader.range(of: section)]) }
      return contents
    }
  }

  @Test func `sections come back as they went in, aligned`() throws {
    let file = PackageWriter.file(Self.sections)
    let contents = try Self.read(file)
    for (section, bytes) in Self.sections { #expect(contents[section] == bytes) }
    try unsafe file.withUnsafeBytes { buffer in
      let reader = try unsafe PackageReader(buffer)
      for (section, _) in Self.sections { #expect(try reader.range(of: section).lowerBound % 64 == 0) }
    }
  }

  @Test func `a missing section is named`() {
    let file = PackageWriter.file([(.manifest, [1])])
    #expect(throws: ModelFormatError(.missingSection, "the package has no section 2")) { try Self.read(file) }
  }

  @Test func `a section that stands twice is refused`() {
    let error = #expect(throws: ModelFormatError.self) { try Self.read(PackageWriter.file([(.manifest, [1]), (.manifest, [1])])) }
    #expect(error?.code == .damaged)
  }

  @Test func `a package cut short at any length is refused`() {
    let file = PackageWriter.file(Self.sections)
    for length in 0..<file.count { #expect(throws: ModelFormatError.self) { try Self.read(Array(file[..<length])) } }
    #expect(throws: ModelFormatError.self) { try Self.read(file + [0]) }
  }

  @Test func `any flipped bit is refused or changes nothing that is read`() {
    let file = PackageWriter.file(Self.sections)
    for position in file.indices {
      for bit in 0..<8 {
        var damaged = file
        damaged[position] ^= 1 << UInt8(bit)
        guard let contents = try? Self.read(damaged) else { continue }
        // The digest is checked at install; padding and the reserved field carry nothing.
        for (section, bytes) in Self.sections { #expect(contents[section] == bytes, "byte \(position), bit \(bit)") }
      }
    }
  }

  @Test func `what is no package is told apart from a damaged one`() {
    let error = #expect(throws: ModelFormatError.self) { try Self.read([UInt8]("PK and more than eight bytes".utf8)) }
    #expect(error?.code == .notAPackage)
  }

  @Test func `the checksum is CRC-32C`() {
    // The check value of RFC 3720's polynomial over "123456789".
    let sum = unsafe [UInt8]("123456789".utf8).withUnsafeBytes { unsafe CyclicRedundancyCheck.of($0) }
    #expect(sum == 0xE306_9283)
  }
}
