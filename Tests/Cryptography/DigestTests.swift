import Cryptography
import Testing

@Suite struct DigestTests {
  /// FIPS 180-4's own examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
  ])
  func `a digest is the standard's`(text: String, digest: String) {
    #expect(SHA256.digest(of: Array(text.utf8)).hex == digest)
    #expect(Hexadecimal.text(DigestAlgorithm.sha256.digest(of: Array(text.utf8))) == digest)
  }

  @Test func `pieces give the digest of the whole`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var state = SHA256()
    for piece in [bytes[..<1], [], bytes[1..<700], bytes[700...]] {
      let piece = Array(piece)
      state.update(piece.span)
    }
    let digest = state.finish()
    #expect(digest == SHA256.digest(of: bytes))
  }

  @Test func `other functions have their own lengths`() {
    #expect(DigestAlgorithm.allCases.map { $0.digest(of: [1]).count } == [32, 48, 64])
  }

  @Test(arguments: [("00ff", [0, 255] as [UInt8]?), ("AbCd", [0xAB, 0xCD]), ("", []), ("0", nil), ("0g", nil), ("é0", nil), ("00 ", nil)])
  func `hexadecimal text`(text: String, bytes: [UInt8]?) {
    #expect(Hexadecimal.bytes(text) == bytes)
    if let bytes { #expect(Hexadecimal.text(bytes) == text.lowercased()) }
  }

  @Test func `a digest has 32 bytes`() {
    #expect(SHA256Digest(bytes: [1]) == nil)
    #expect(SHA256Digest(hex: String(repeating: "0", count: 62)) == nil)
    #expect(SHA256Digest(hex: String(repeating: "0A", count: 32))?.bytes == [UInt8](repeating: 10, count: 32))
  }
}
