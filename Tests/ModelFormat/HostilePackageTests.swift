import ModelFormat
import Testing

/// Packages whose author knows the format: every sum is right, the contents lie.
struct HostilePackageTests {
  static let sections: [(PackageLayout.Section, [UInt8])] = [
    (.manifest, [UInt8](repeating: 1, count: 100)), (.program, [UInt8](repeating: 2, count: 64)), (.weights, [UInt8](repeating: 3, count: 200)),
  ]

  private static func number<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Number(8 * $0)) }
  }

  /// The file with bytes replaced, and the header's sum made to fit.
  private static func forged(_ changes: [(position: Int, bytes: [UInt8])], sections: Int = 3) -> [UInt8] {
    var file = PackageWriter.file(Self.sections)
    for (position, bytes) in changes { file.replaceSubrange(position..<position + bytes.count, with: bytes) }
    let tableEnd = min(PackageLayout.headerByteCount + sections * PackageLayout.entryByteCount, file.count)
    let summed = Array(file[..<24]) + [UInt8](repeating: 0, count: 40) + file[64..<max(tableEnd, 64)]
    file.replaceSubrange(24..<28, with: number(unsafe summed.withUnsafeBytes { unsafe CyclicRedundancyCheck.of($0) }))
    return file
  }

  private static func entry(_ index: Int) -> Int { PackageLayout.headerByteCount + index * PackageLayout.entryByteCount }
  private static func offset(_ index: Int, _ value: UInt64) -> (Int, [UInt8]) { (entry(index) + 8, number(value)) }
  private static func length(_ index: Int, _ value: UInt64) -> (Int, [UInt8]) { (entry(index) + 16, number(value)) }

  private func refusal(_ file: [UInt8]) -> ModelFormatError? {
    do {
      _ = try PackageTests.read(file)
      return nil
    } catch {
      return error as? ModelFormatError
    }
  }

  @Test func `a forged file that changes nothing is read`() {
    #expect(refusal(Self.forged([])) == nil)
  }

  static let outside: [[(Int, [UInt8])]] = [
    [offset(0, 1 << 40)], [offset(0, .max)], [offset(1, .max - 63)], [length(2, 1 << 40)], [length(2, .max)], [length(0, UInt64(Int.max))],
    [offset(2, 512), length(2, .max - 511)], [offset(0, 192), length(0, UInt64(Int.max) - 100)],
  ]

  @Test(arguments: outside.indices) func `sections outside the file are refused`(index: Int) {
    #expect(refusal(Self.forged(Self.outside[index]))?.code == .truncated)
  }

  @Test func `sections that overlap or lie in the header are refused`() {
    #expect(refusal(Self.forged([Self.offset(1, 192)]))?.message == "sections 1 and 2 overlap")
    #expect(refusal(Self.forged([Self.offset(2, 192), Self.length(2, 300)]))?.message == "sections 1 and 3 overlap")
    for inside in stride(from: UInt64(0), to: 160, by: 64) {
      #expect(refusal(Self.forged([Self.offset(0, inside)]))?.message == "section 1 lies in the package's header")
    }
  }

  @Test func `sections that aren't aligned are refused`() {
    for misplaced in [UInt64(193), 200, 224] { #expect(refusal(Self.forged([Self.offset(0, misplaced)]))?.code == .truncated) }
  }

  @Test(arguments: [0, 1, 2, 63, 64, 65, 1 << 20, Int(Int32.max), Int(UInt32.max)]) func `any count of sections is read or refused`(count: Int) {
    let file = Self.forged([(12, Self.number(UInt32(truncatingIfNeeded: count)))], sections: min(count, 1000))
    #expect(refusal(file) != nil)
  }

  @Test func `every field of header and table at its extremes is refused, or changes nothing that is read`() throws {
    let whole = try PackageTests.read(PackageWriter.file(Self.sections))
    for position in stride(from: 8, to: Self.entry(3), by: 4) where !(24..<64).contains(position) {
      for value in [UInt32(0), 1, 64, 1 << 16, 1 << 31 - 1, 1 << 31, .max] {
        let file = Self.forged([(position, Self.number(value))])
        guard let contents = try? PackageTests.read(file) else { continue }
        #expect(contents == whole, "field at \(position) as \(value)")
      }
    }
  }
}
