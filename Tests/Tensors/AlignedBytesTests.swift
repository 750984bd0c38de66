import Tensors
import Testing

@Suite struct AlignedBytesTests {
  /// Around what is mapped, what fills a large page by three quarters, and several of these.
  @Test(arguments: [0, 1, 65, 1 << 20, 1_500_000, 1_659_840, 1 << 21, 5_000_000, 7 << 20], [false, true])
  func `bytes are zeros at a boundary of a line, and all of them can be written`(count: Int, isFilled: Bool) {
    let owned = AlignedBytes(count: count, isFilled: isFilled)
    let bytes = unsafe owned.bytes
    #expect(bytes.count == count)
    #expect(Int(bitPattern: bytes.baseAddress) % AlignedBytes.alignment == 0)
    var sum = 0
    for index in 0..<count { sum += unsafe Int(bytes[index]) }
    #expect(sum == 0)
    for index in 0..<count { unsafe bytes[index] = UInt8(truncatingIfNeeded: index * 31) }
    let isKept = (0..<count).allSatisfy { unsafe bytes[$0] == UInt8(truncatingIfNeeded: $0 * 31) }
    #expect(isKept)
  }
}
