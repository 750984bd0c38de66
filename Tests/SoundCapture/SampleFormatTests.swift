import Testing

@testable import SoundCapture

@Suite struct SampleFormatTests {
  private func bytes(_ value: Int, as format: SampleFormat) -> [UInt8] {
    let bits = [SampleFormat.u8: 8, .s16: 16, .s24InThreeBytes: 24, .s24: 24, .s32: 32][format] ?? 0
    let low = UInt64(bitPattern: Int64(format == .u8 ? value / 256 + 128 : bits >= 16 ? value << (bits - 16) : 0))
    // Little-endian, as every machine that runs these tests; what stands above 24 of 32 bits is anything.
    return (0..<format.byteCount).map { format == .s24 && $0 == 3 ? 0xA5 : UInt8(truncatingIfNeeded: low >> (8 * UInt64($0))) }
  }

  private func mix(_ bytes: [UInt8], _ format: SampleFormat, channels: Int) -> (mono: [Float], unusable: Int) {
    var mono = [Float](repeating: -9, count: bytes.count / channels / format.byteCount)
    let unusable = unsafe mono.withUnsafeMutableBufferPointer { mono in
      unsafe bytes.withUnsafeBytes { unsafe format.mix($0.baseAddress!, channels: channels, into: mono) }
    }
    return (mono, unusable)
  }

  @Test(arguments: SampleFormat.allCases.filter { $0 != .float32 })
  func `whole numbers of every width become the same samples`(format: SampleFormat) {
    let values = [0, 256, -256, 32_512, -32_768]
    let found = mix(values.flatMap { bytes($0, as: format) }, format, channels: 1)
    #expect(found.mono == values.map { Float($0) / 32_768 })
    #expect(found.unusable == 0)
  }

  @Test func `the last bit of 24 and 16 counts`() {
    #expect(mix([0xFF, 0xFF, 0xFF], .s24InThreeBytes, channels: 1).mono == [-1 / 8_388_608])
    #expect(mix([0x01, 0x00, 0x00], .s24InThreeBytes, channels: 1).mono == [1 / 8_388_608])
    #expect(mix([0xFF, 0xFF], .s16, channels: 1).mono == [-1 / 32_768])
  }

  @Test func `channels become their mean, and what is no number becomes silence and is counted`() {
    let values: [Float] = [0.5, 0.25, 2, -1, .nan, 0.5, .infinity, 1, -0.5, -0.25]
    let bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } }
    let found = mix(bytes, .float32, channels: 2)
    #expect(found.mono == [0.375, 0.5, 0, 0, -0.375])
    #expect(found.unusable == 2)
  }
}
