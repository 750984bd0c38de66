import Cryptography
import Testing

@Suite struct SHA256Tests {
  /// The examples of FIPS 180-2, appendix B.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
  ])
  func `it gives the standard's digests`(text: String, hex: String) {
    #expect(SHA256.digest(of: Array(text.utf8)).hex == hex)
  }

  @Test func `a million letters give the standard's digest, however they are cut`() {
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    for piece in [1_000_000, 65_536, 999] {
      var hash = SHA256()
      for start in stride(from: 0, to: letters.count, by: piece) { hash.update(letters[start..<min(start + piece, letters.count)].span) }
      #expect(hash.finish().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
  }

  @Test func `a digest is read from the text it writes, and from nothing else`() {
    let digest = SHA256.digest(of: [1, 2, 3])
    #expect(SHA256Digest(hex: digest.hex) == digest)
    #expect(SHA256Digest(digest.bytes) == digest)
    for wrong in ["", String(digest.hex.dropLast()), digest.hex + "0", digest.hex.uppercased(), "g" + digest.hex.dropFirst(), "é" + digest.hex.dropFirst(2)] {
      #expect(SHA256Digest(hex: wrong) == nil, "\(wrong)")
    }
    #expect(SHA256Digest(digest.bytes.dropLast()) == nil)
  }
}
