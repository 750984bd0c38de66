/// What SHA-256 makes of bytes.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  public static let byteCount = 32

  /// 32 of them.
  public let bytes: [UInt8]

  /// Nil where there aren't 32 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  /// Nil where the text isn't 64 hexadecimal digits. Lower case alone, as everywhere that a digest is part of a name: two spellings would be
  /// two names.
  public init?(hex: some StringProtocol) {
    guard !hex.utf8.contains(where: { (0x41...0x5A).contains($0) }), let bytes = Hexadecimal.bytes(String(hex)) else { return nil }
    self.init(bytes)
  }

  init(unchecked bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// 64 hexadecimal digits in lower case.
  public var hex: String { Hexadecimal.text(bytes) }

  public var description: String { hex }
}
