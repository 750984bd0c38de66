import JSONReading

/// Reading `tokenizer.json`, as far as turning tokens into text needs it: byte-pair vocabularies whose decoder replaces a mark by spaces,
/// joins bytes and strips leading spaces, or takes characters for bytes. Merges and whatever else is for the way from text to tokens are not looked at.
public enum TokenizerFile {
  /// Numbers of tokens beyond it are refused.
  public static let largestVocabulary = 1 << 20

  /// - Parameter origin: the file's name, for messages.
  public static func vocabulary(_ bytes: [UInt8], origin: String) throws(TokenizerError) -> Vocabulary {
    let json: JSONValue
    do throws(JSONSyntaxError) { json = try JSONParser.parse(bytes, listed: "vocab") } catch {
      throw TokenizerError(.malformed, "\(origin): is no JSON: \(error)")
    }
    do throws(TokenizerError) { return try vocabulary(json) } catch { throw TokenizerError(error.code, "\(origin): \(error.message)") }
  }

  private static func vocabulary(_ json: JSONValue) throws(TokenizerError) -> Vocabulary {
    guard case .object(let model)? = json["model"] else { throw TokenizerError(.malformed, "has no model") }
    if let type = model["type"], type != .string("BPE") {
      throw TokenizerError(.unsupported, "has a model of another type than BPE: \(type.shown)")
    }
    guard case .array(let entries)? = model["vocab"] else { throw TokenizerError(.malformed, "has no model.vocab") }
    var result = Vocabulary(pieces: [], special: [])
    func place(_ piece: String, _ number: JSONValue?) throws(TokenizerError) -> Int {
      guard case .number(let text)? = number, let number = Int(text), 0..<largestVocabulary ~= number else {
        throw TokenizerError(.malformed, "gives '\(piece.inOneLine(limit: 40))' no number below \(largestVocabulary)")
      }
      if number >= result.pieces.count { result.pieces += [String](repeating: "", count: number + 1 - result.pieces.count) }
      result.pieces[number] = piece
      return number
    }
    for entry in entries {
      guard case .array(let pair) = entry, case .string(let piece)? = pair.first else { throw TokenizerError(.malformed, "has no model.vocab") }
      _ = try place(piece, pair.last)
    }
    if let added = json["added_tokens"], added != .null {
      guard case .array(let tokens) = added else { throw TokenizerError(.malformed, "has added_tokens that are no list") }
      for token in tokens {
        guard case .string(let content)? = token["content"] else { throw TokenizerError(.malformed, "has an added token without content") }
        let number = try place(content, token["id"])
        if token["special"] == .boolean(true) { result.special.append(number) }
      }
    }
    result.special = Set(result.special).sorted()
    if let decoder = json["decoder"], decoder != .null { try readDecoder(decoder, into: &result) }
    return result
  }

  /// Characters as bytes; or one step, or a sequence of them, in the one order that `Vocabulary` has.
  private static func readDecoder(_ decoder: JSONValue, into vocabulary: inout Vocabulary) throws(TokenizerError) {
    if decoder["type"] == .string("ByteLevel") {
      vocabulary.isByteLevel = true
      return
    }
    var steps = [decoder]
    if decoder["type"] == .string("Sequence") {
      guard case .array(let items)? = decoder["decoders"] else { throw TokenizerError(.malformed, "has a decoder Sequence without decoders") }
      steps = items
    }
    var isFused = false
    for step in steps {
      let refusal = TokenizerError(.unsupported, "has a decoder that isn't read yet, or not at this place: \(step.shown)")
      switch step["type"] {
      case .string("Replace")?:
        guard vocabulary.spaceMark == nil, !vocabulary.hasByteFallback, !isFused, step["content"] == .string(" "),
          case .string(let mark)? = step["pattern"]?["String"]
        else { throw refusal }
        vocabulary.spaceMark = mark
      case .string("ByteFallback")?:
        guard !isFused else { throw refusal }
        vocabulary.hasByteFallback = true
      case .string("Fuse")?: isFused = true
      case .string("Strip")?:
        guard isFused, step["content"] == .string(" "), step["stop"] == .number("0"), case .number(let text)? = step["start"], let count = Int(text),
          0...16 ~= count
        else { throw refusal }
        vocabulary.strippedSpaces = count
      default: throw refusal
      }
    }
  }
}

/// Why a tokenizer file can't be read.
public struct TokenizerError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    case malformed
    /// The format allows it; this version doesn't read it.
    case unsupported
  }
  public let code: Code
  /// Names the file and the part.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

extension JSONValue {
  fileprivate subscript(_ name: String) -> JSONValue? { if case .object(let members) = self { members[name] } else { nil } }

  /// A part's type, for messages.
  fileprivate var shown: String {
    let type = self["type"] ?? self
    return if case .string(let text) = type { text.inOneLine(limit: 40) } else { type.kind }
  }
}
