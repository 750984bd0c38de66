import ModelManifest
import Testing
import Transcription

@Suite struct CTCGreedyDecoderTests {
  static let letters = CTCDecoding(output: "y", alphabet: ["a", "b", " "], blank: 3)

  /// Scores whose best symbol in each frame is given.
  static func scores(_ path: [Int], symbols: Int = 4) -> [Float] {
    path.flatMap { best in (0..<symbols).map { $0 == best ? -0.1 : -3 - Float($0) } }
  }

  static func text(_ path: [Int], _ decoding: CTCDecoding = letters) throws -> String {
    var decoder = try CTCGreedyDecoder(decoding, outputDimensions: [1, max(path.count, 1), 4])
    unsafe Self.scores(path).withUnsafeBufferPointer { unsafe decoder.add($0) }
    return decoder.text
  }

  @Test func `repetitions merge, blanks part, and are dropped`() throws {
    #expect(try Self.text([0, 0, 3, 0, 1, 1, 2, 3, 1]) == "aab b")
    #expect(try Self.text([3, 3, 3]) == "")
    #expect(try Self.text([]) == "")
    #expect(try Self.text([0, 0, 0]) == "a")
  }

  @Test func `symbols behind the blank move up`() throws {
    let decoding = CTCDecoding(output: "y", alphabet: ["a", "b", "c"], blank: 0)
    #expect(try Self.text([1, 0, 1, 2, 3, 3, 0], decoding) == "aabc")
    let middle = CTCDecoding(output: "y", alphabet: ["a", "b", "c"], blank: 1)
    #expect(try Self.text([0, 1, 2, 3], middle) == "abc")
  }

  @Test func `pieces of any size make the same text and the same frames`() throws {
    let path = [0, 0, 3, 0, 1, 1, 2, 3, 3, 1, 0, 0, 1]
    let scores = Self.scores(path)
    var whole = try CTCGreedyDecoder(Self.letters, outputDimensions: [1, path.count, 4])
    unsafe scores.withUnsafeBufferPointer { unsafe whole.add($0) }
    #expect(whole.symbols.map(\.frame) == [0, 3, 4, 6, 9, 10, 12])
    for piece in 1...path.count {
      var decoder = try CTCGreedyDecoder(Self.letters, outputDimensions: [1, piece, 4])
      var first = 0
      while first < path.count {
        let next = min(first + piece, path.count)
        unsafe Array(scores[4 * first..<4 * next]).withUnsafeBufferPointer { unsafe decoder.add($0) }
        first = next
      }
      #expect(decoder.symbols == whole.symbols)
    }
    whole.reset()
    #expect(whole.text.isEmpty)
    unsafe Self.scores([0]).withUnsafeBufferPointer { unsafe whole.add($0) }
    #expect(whole.symbols == [CTCSymbol(index: 0, frame: 0)])
  }

  @Test func `equal scores take the first, and numbers that are none take the blank`() throws {
    var decoder = try CTCGreedyDecoder(Self.letters, outputDimensions: [1, 3, 4])
    let scores: [Float] = [1, 1, 0, 0, .nan, .nan, .nan, .nan, .nan, 2, .infinity, 1]
    unsafe scores.withUnsafeBufferPointer { unsafe decoder.add($0) }
    #expect(decoder.text == "a ")
  }

  @Test func `what doesn't fit the output is refused in words`() {
    func message(_ decoding: CTCDecoding, _ dimensions: [Int]) -> String {
      do throws(TranscriptionError) { _ = try CTCGreedyDecoder(decoding, outputDimensions: dimensions) } catch { return error.message }
      return ""
    }
    #expect(message(Self.letters, [1, 7, 4]).isEmpty)
    #expect(message(Self.letters, [1, 7, 29]).contains("29 symbols"))
    #expect(message(Self.letters, [2, 7, 4]).contains("[1, frames, symbols]"))
    #expect(message(Self.letters, [4]).contains("[1, frames, symbols]"))
    #expect(message(CTCDecoding(output: "y", alphabet: ["a", "b", "c"], blank: 4), [1, 7, 4]).contains("blank"))
    #expect(message(CTCDecoding(output: "y", alphabet: ["a", "b", "c"], blank: -1), [1, 7, 4]).contains("blank"))
    #expect(message(CTCDecoding(output: "y", alphabet: ["a", "b", "c"], blank: .min), [1, 7, 4]).contains("blank"))
  }
}
