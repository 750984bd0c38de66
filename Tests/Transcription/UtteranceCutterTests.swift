import Testing

@testable import Transcription

/// Says what it was told to say: a probability a chunk, 0 once they are used up.
private final class ScriptedDetector: VoiceActivityDetector {
  let sampleRate = 1000
  let chunkLength = 10
  private let script: [Float]
  private var heard = 0

  /// - Parameter script: `-` and digits: silence, or a probability in tenths.
  init(_ script: String) { self.script = script.map { Float(String($0)).map { $0 / 10 } ?? 0 } }

  func probability(of chunk: ArraySlice<Float>) -> Float {
    defer { heard += 1 }
    return heard < script.count ? script[heard] : 0
  }

  func reset() { heard = 0 }
}

@Suite struct UtteranceCutterTests {
  /// In chunks of 10 ms: speech of 2, silence of 4, padding of 2, 20 at most.
  private static let rules: EndpointRules = {
    var rules = EndpointRules()
    rules.leastSpeech = .milliseconds(20)
    rules.silence = .milliseconds(40)
    rules.padding = .milliseconds(20)
    rules.longest = .milliseconds(200)
    return rules
  }()

  /// What comes of a sound whose samples count up, as "start–end ending" in chunks.
  private static func utterances(_ script: String, pieces: Int = 10, rest: Int = 0) -> [String] {
    var cutter = UtteranceCutter(ScriptedDetector(script), rules: rules)
    let sound = (0..<script.count * 10 + rest).map { Float($0) }
    var found: [Utterance] = []
    for start in stride(from: 0, to: sound.count, by: pieces) {
      cutter.add(Array(sound[start..<min(sound.count, start + pieces)]))
      while let utterance = cutter.nextUtterance() { found.append(utterance) }
    }
    cutter.end()
    while let utterance = cutter.nextUtterance() { found.append(utterance) }
    for utterance in found {
      #expect(utterance.samples == Array(sound[utterance.start..<utterance.start + utterance.samples.count]))
      #expect(utterance.known >= utterance.start + utterance.samples.count - rest)
    }
    return found.map { "\($0.start / 10)–\(Double($0.start + $0.samples.count) / 10) \($0.ending.rawValue)" }
  }

  @Test(arguments: [
    // Padding before and after, the end known after four silent chunks.
    ("-----999----------", ["3–10.0 silence"]),
    // A probability between the two thresholds begins nothing and ends nothing.
    ("--44449944449----------", ["4–15.0 silence"]),
    // A pause shorter than the silence is part of the utterance.
    ("---99---99-------", ["1–12.0 silence"]),
    // A click is none.
    ("---9-------------", []),
    // Two clicks with less than the silence between them are speech of two chunks.
    ("---9--9----------", ["1–9.0 silence"]),
    // From the very first chunk on, and until the end of the sound.
    ("99999", ["0–5.0 end"]),
    ("99999-", ["0–6.0 end"]),
    ("----", []),
    ("9", []),
    // What lies between two utterances is in one of them at most.
    ("--99----99----", ["0–6.0 silence", "6–12.0 silence"]),
  ])
  func `utterances begin and end by the rules`(_ script: String, _ expected: [String]) {
    #expect(Self.utterances(script) == expected)
  }

  @Test(arguments: [1, 3, 10, 17, 1000])
  func `how the sound comes changes nothing`(pieces: Int) {
    let script = "--99----99-5-9---4-9--999999999999999999399999999999999-----9"
    #expect(Self.utterances(script, pieces: pieces) == Self.utterances(script))
  }

  @Test func `what is too long is cut at the least likely speech of its second half, and nothing is lost`() {
    //                      0         1         2         3
    let found = Self.utterances("999999999999999399999999999999999999999-----")
    #expect(found == ["0–15.0 length", "15–25.0 length", "25–41.0 silence"])
  }

  @Test func `a long utterance that is silent where it is cut is over there`() {
    // With its padding, as far as that has been heard; the rest of it is no later one's.
    #expect(Self.utterances("9999999999999999999---9-9-----") == ["0–20.0 limit", "20–27.0 silence"])
    #expect(Self.utterances("999999999999999-----99-----").first == "0–17.0 silence")
  }

  @Test func `an unfinished chunk at the end belongs to the last utterance`() {
    #expect(Self.utterances("--99999", rest: 7) == ["0–7.7 end"])
    #expect(Self.utterances("--99999---", rest: 7) == ["0–9.0 end"])
  }

  @Test func `what is being said can be looked at before it is over`() throws {
    var cutter = UtteranceCutter(ScriptedDetector("---999"), rules: Self.rules)
    cutter.add([Float](repeating: 0, count: 40))
    #expect(!cutter.isOpen && cutter.openUtterance == nil)
    cutter.add([Float](repeating: 0, count: 20))
    let open = try #require(cutter.openUtterance)
    #expect(cutter.isOpen && open.start == 10 && open.samples.count == 50 && abs(open.probability - 0.9) < 1e-6)
    cutter.end()
    #expect(!cutter.isOpen)
  }

  @Test func `after the end another sound begins`() {
    var cutter = UtteranceCutter(ScriptedDetector("--999"), rules: Self.rules)
    for _ in 0..<2 {
      cutter.add([Float](repeating: 0, count: 50))
      cutter.end()
    }
    #expect(cutter.nextUtterance()?.start == 0 && cutter.nextUtterance()?.start == 0 && cutter.nextUtterance() == nil)
  }
}
