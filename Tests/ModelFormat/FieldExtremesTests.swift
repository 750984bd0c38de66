import ModelFormat
import Tensors
import Testing

/// Every number of a program, one after the other, at the ends of its range: read, validated, refused or accepted, and never a
/// trap. `Tests/Properties` runs what is accepted.
struct FieldExtremesTests {
  /// What a number of this many bytes is set to.
  static func extremes(byteCount: Int) -> [UInt64] {
    let top = UInt64(1) << UInt64(8 * byteCount - 1)
    let most = byteCount == 8 ? UInt64.max : top << 1 - 1
    // The last two, read as floats, are infinity and no number.
    return [0, 1, 2, 255, 65536, top - 1, top, top + 1, most - 1, most, 0x7F80_0000, 0x7FC0_0000].map { $0 & most }
  }

  @Test(arguments: TestProgram.all.indices) func `every field at its extremes is refused or well formed`(index: Int) throws {
    var program = TestProgram.all[index]
    let first = program.tensors[0]
    program.inputs = [
      Port(
        name: "x", tensor: 0, declaredType: first.elementType, declaredDimensions: first.dimensions, permutation: Array(first.dimensions.indices))
    ]
    let (bytes, fields) = program.encodedWithFields()
    #expect(bytes == program.encoded())
    var refused = 0
    for field in fields {
      for value in Self.extremes(byteCount: field.byteCount) {
        var changed = bytes
        for byte in 0..<field.byteCount { changed[field.offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
        guard changed != bytes else { continue }
        guard let decoded = try? Program(decoding: changed), decoded.refusal() == nil else {
          refused += 1
          continue
        }
        #expect(decoded.encoded() == changed)
      }
    }
    #expect(refused > fields.count)
  }

  @Test(arguments: TestProgram.all.indices) func `a program cut short at any length is refused`(index: Int) {
    let bytes = TestProgram.all[index].encoded()
    for length in 0..<bytes.count {
      #expect(throws: ModelFormatError.self) { try Program(decoding: Array(bytes[..<length])) }
    }
  }

  @Test(arguments: TestProgram.all.indices) func `any byte of a program as anything is refused or well formed`(index: Int) {
    let bytes = TestProgram.all[index].encoded()
    for position in bytes.indices {
      for mask in [UInt8(1), 0x80, 0xFF, 0x10] {
        var changed = bytes
        changed[position] ^= mask
        if let decoded = try? Program(decoding: changed) { _ = decoded.refusal() }
      }
    }
  }
}
