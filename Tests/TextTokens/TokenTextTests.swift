import Foundation
import JSONReading
import Testing
import TextTokens

@Suite struct TokenTextTests {
  private static func golden(_ name: String) throws -> [UInt8] {
    let url = try #require(Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
    return [UInt8](try Data(contentsOf: url))
  }

  /// Made by `tokenizers` (Tests/Conformance/make_token_cases.py).
  @Test(arguments: [("tokenizer.json", "texts.json"), ("byte-level.json", "byte-level-texts.json")])
  func `random tokens give the reference's texts`(_ tokenizer: String, _ texts: String) throws {
    let text = TokenText(try TokenizerFile.vocabulary(Self.golden(tokenizer), origin: "tokenizer.json"))
    guard case .array(let cases) = try JSONParser.parse(Self.golden(texts)) else {
      Issue.record("no list of cases")
      return
    }
    #expect(cases.count == 300)
    for entry in cases {
      guard case .object(let members) = entry, case .array(let items)? = members["tokens"], case .string(let expected)? = members["text"] else {
        Issue.record("a case without tokens or text")
        return
      }
      let tokens = items.compactMap { if case .number(let number) = $0 { Int(number) } else { nil } }
      #expect(Array(text.text(of: tokens).unicodeScalars) == Array(expected.unicodeScalars), "\(tokens)")
    }
  }

  @Test func `a vocabulary without marks, bytes or stripping is joined as it is`() {
    let text = TokenText(Vocabulary(pieces: ["<0x41>", "▁b", " c"], special: []))
    #expect(text.text(of: [2, 1, 0, 7, -1]) == " c▁b<0x41>")
  }

  @Test(arguments: [
    ("{", TokenizerError.Code.malformed, "tokenizer.json: is no JSON"), ("{}", .malformed, "tokenizer.json: has no model"),
    (#"{"model":{"type":"Unigram","vocab":[]}}"#, .unsupported, "tokenizer.json: has a model of another type than BPE: Unigram"),
    (#"{"model":{"type":"BPE","vocab":{"a":1e3}}}"#, .malformed, "tokenizer.json: gives 'a' no number"),
    (#"{"model":{"type":"BPE","vocab":{"a":4611686018427387904}}}"#, .malformed, "tokenizer.json: gives 'a' no number"),
    (#"{"model":{"type":"BPE","vocab":{}},"decoder":{"type":"WordPiece"}}"#, .unsupported, "tokenizer.json: has a decoder that isn't read yet"),
    (
      #"{"model":{"type":"BPE","vocab":{}},"decoder":{"type":"Strip","content":" ","start":1,"stop":0}}"#, .unsupported,
      "tokenizer.json: has a decoder that isn't read yet, or not at this place: Strip"
    ),
  ])
  func `what can't be read is named`(_ json: String, _ code: TokenizerError.Code, _ message: String) {
    do throws(TokenizerError) {
      _ = try TokenizerFile.vocabulary([UInt8](json.utf8), origin: "tokenizer.json")
      Issue.record("was read")
    } catch {
      #expect(error.code == code)
      #expect(error.message.hasPrefix(message))
    }
  }
}
