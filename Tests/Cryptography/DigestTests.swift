import Cryptography
import Testing

@Suite struct DigestTests {
  @Test func `each function has its own length, and SHA-256 is SHA-256`() {
    #expect(DigestAlgorithm.allCases.map { $0.digest(of: [1]).count } == [32, 48, 64])
    #expect(DigestAlgorithm.sha256.digest(of: [1, 2]) == SHA256.digest(of: [1, 2]).bytes)
    // FIPS 180-4's example "abc".
    #expect(Hexadecimal.text(DigestAlgorithm.sha512.digest(of: Array("abc".utf8)).prefix(8)) == "ddaf35a193617aba")
    #expect(Hexadecimal.text(DigestAlgorithm.sha384.digest(of: Array("abc".utf8)).prefix(8)) == "cb00753f45a35e8b")
  }

  @Test(arguments: [("00ff", [0, 255] as [UInt8]?), ("AbCd", [0xAB, 0xCD]), ("", []), ("0", nil), ("0g", nil), ("é0", nil), ("00 ", nil)])
  func `hexadecimal text`(text: String, bytes: [UInt8]?) {
    #expect(Hexadecimal.bytes(text) == bytes)
    if let bytes { #expect(Hexadecimal.text(bytes) == text.lowercased()) }
  }
}
