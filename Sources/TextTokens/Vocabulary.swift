/// What a language model's tokens are as text, recorded for the device.
///
/// Tokens become text in this order: special ones go; a piece `<0x41>` is a byte where `hasByteFallback`; `spaceMark` becomes a space; bytes
/// that stand together are text where they are UTF-8, and U+FFFD each where they aren't; up to `strippedSpaces` spaces at the beginning go. Where
/// `isByteLevel`, the characters of a piece are bytes instead (see `ByteLevelCharacters`), and all that is no UTF-8 becomes U+FFFD.
public struct Vocabulary: Codable, Equatable, Sendable {
  /// By the token's number; empty for numbers that mean nothing.
  public var pieces: [String]
  /// Numbers of tokens that are no text, such as the end of it.
  public var special: [Int]
  /// What stands for a space in pieces; nil where spaces stand for themselves.
  public var spaceMark: String?
  public var hasByteFallback: Bool
  public var strippedSpaces: Int
  /// nil: false
  public var isByteLevel: Bool?

  public init(pieces: [String], special: [Int], spaceMark: String? = nil, hasByteFallback: Bool = false, strippedSpaces: Int = 0, isByteLevel: Bool? = nil) {
    self.pieces = pieces
    self.special = special
    self.spaceMark = spaceMark
    self.hasByteFallback = hasByteFallback
    self.strippedSpaces = strippedSpaces
    self.isByteLevel = isByteLevel
  }
}
