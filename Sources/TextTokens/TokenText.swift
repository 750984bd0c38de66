/// Makes text of tokens.
public struct TokenText: Sendable {
  private enum Piece: Sendable {
    case nothing
    case text(String)
    case byte(UInt8)
    case bytes([UInt8])
  }

  private let pieces: [Piece]
  private let strippedSpaces: Int
  private let isByteLevel: Bool

  public init(_ vocabulary: Vocabulary) {
    let special = Set(vocabulary.special)
    let isByteLevel = vocabulary.isByteLevel ?? false
    self.isByteLevel = isByteLevel
    pieces = vocabulary.pieces.enumerated().map { number, piece in
      if special.contains(number) { return .nothing }
      if isByteLevel { return .bytes(ByteLevelCharacters.bytes(of: piece)) }
      if vocabulary.hasByteFallback, let byte = Self.byte(of: piece) { return .byte(byte) }
      return .text(vocabulary.spaceMark.map { piece.replacing(scalars: $0, with: " ") } ?? piece)
    }
    strippedSpaces = vocabulary.strippedSpaces
  }

  /// The text of tokens; numbers outside the vocabulary are passed over.
  public func text(of tokens: [Int]) -> String {
    var text = ""
    var bytes: [UInt8] = []
    func flush() {
      // A character's bytes may be spread over tokens.
      text +=
        isByteLevel ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self) ?? String(repeating: "\u{FFFD}", count: bytes.count)
      bytes = []
    }
    for token in tokens where pieces.indices.contains(token) {
      switch pieces[token] {
      case .nothing: continue
      case .byte(let byte): bytes.append(byte)
      case .bytes(let part): bytes += part
      case .text(let piece):
        flush()
        text += piece
      }
    }
    flush()
    var scalars = text.unicodeScalars[...]
    for _ in 0..<strippedSpaces where scalars.first == " " { scalars = scalars.dropFirst() }
    return String(scalars)
  }

  /// `<0x0A>` is the byte 10.
  private static func byte(of piece: String) -> UInt8? {
    guard piece.utf8.count == 6, piece.hasPrefix("<0x"), piece.hasSuffix(">") else { return nil }
    return UInt8(piece.utf8.dropFirst(3).prefix(2).map { String(UnicodeScalar($0)) }.joined(), radix: 16)
  }
}

extension String {
  /// Scalar by scalar: a mark that a combining character follows is a mark.
  fileprivate func replacing(scalars mark: String, with replacement: Unicode.Scalar) -> String {
    let mark = Array(mark.unicodeScalars)
    guard !mark.isEmpty else { return self }
    var result = UnicodeScalarView()
    var rest = unicodeScalars[...]
    while let next = rest.first {
      if rest.starts(with: mark) {
        result.append(replacement)
        rest = rest.dropFirst(mark.count)
      } else {
        result.append(next)
        rest = rest.dropFirst()
      }
    }
    return String(result)
  }
}
