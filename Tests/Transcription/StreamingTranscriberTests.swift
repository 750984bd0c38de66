import Pipelines
import Testing

@testable import Transcription

/// Hears the number of a word in each sample: one word a hundred samples, and the last one badly until all of it was heard.
private final class CountingRecogniser: SpeechRecogniser {
  let sampleRate = 1000
  let greatestLength = 2000
  let tellsWords = true
  var changesItsMind = false
  /// Fails where it says so of the number of samples.
  var fails: (Int) -> Bool = { _ in false }
  private(set) var lengths: [Int] = []

  func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    lengths.append(samples.count)
    if fails(samples.count) { throw TranscriptionError(.unusableProgram, "it broke") }
    var words = stride(from: 0, to: samples.count, by: 100).map { samples.count - $0 >= 100 ? "w\(Int(samples[$0]) / 100)" : "?" }
    if changesItsMind, samples.count >= 600 { words[0] = "other" }
    return Transcript(text: words.joined(separator: " "), words: words.map { TimedWord(text: $0, start: origin, end: origin) }, tokens: [1])
  }
}

@Suite struct StreamingTranscriberTests {
  private static let rules: EndpointRules = {
    var rules = EndpointRules()
    (rules.leastSpeech, rules.silence, rules.padding, rules.longest) = (.milliseconds(20), .milliseconds(100), .zero, .seconds(2))
    return rules
  }()

  /// What comes of a sound in pieces of 50 samples, each as "number text", a final one in brackets, a revised one with "!".
  private func events(
    _ recogniser: CountingRecogniser, _ sound: [Float], pace: StreamingTranscriber.Pace?, cost: Duration = .zero
  ) throws -> [String] {
    var time = MonotonicInstant(nanoseconds: 0)
    var isSecond = false
    var transcriber = StreamingTranscriber(recogniser, UtteranceCutter(PlainDetector(), rules: Self.rules), pace: pace) {
      // Asked before and after each result.
      if isSecond { time = time.advanced(by: cost) }
      isSecond.toggle()
      return time
    }
    var events: [StreamingTranscriber.Event] = []
    for start in stride(from: 0, to: sound.count, by: 50) { events += try transcriber.add(Array(sound[start..<min(sound.count, start + 50)]), at: start) }
    events += try transcriber.end()
    return events.map { event in
      event.isFinal ? "\(event.utterance) [\(event.transcript.text)]\(event.isRevised ? "!" : "")" : "\(event.utterance) \(event.transcript.text)"
    }
  }

  /// Speech of so many samples, counting from 1,000 on.
  private func speech(_ count: Int) -> [Float] { (0..<count).map { Float(1000 + $0) } }
  private let silence = [Float](repeating: 0, count: 200)

  private func pace(milliseconds: Int) -> StreamingTranscriber.Pace {
    var pace = StreamingTranscriber.Pace()
    pace.interval = .milliseconds(milliseconds)
    return pace
  }

  @Test func `partial results grow word by word, and the final one is the whole`() throws {
    let found = try events(CountingRecogniser(), silence + speech(400) + silence, pace: pace(milliseconds: 50))
    #expect(found == ["0 w10", "0 w10 w11", "0 w10 w11 w12", "0 w10 w11 w12 w13", "0 [w10 w11 w12 w13]"])
  }

  @Test func `without a pace only final results come, one run each`() throws {
    let recogniser = CountingRecogniser()
    #expect(try events(recogniser, speech(300) + silence + speech(200) + silence, pace: nil) == ["0 [w10 w11 w12]", "1 [w10 w11]"])
    #expect(recogniser.lengths == [300, 200])
  }

  @Test func `what was told isn't taken back until the end, and then it is marked`() throws {
    let recogniser = CountingRecogniser()
    recogniser.changesItsMind = true
    let found = try events(recogniser, speech(800) + silence, pace: pace(milliseconds: 50))
    #expect(found == ["0 w10", "0 w10 w11", "0 w10 w11 w12", "0 w10 w11 w12 w13", "0 w10 w11 w12 w13 w14", "0 [other w11 w12 w13 w14 w15 w16 w17]!"])
  }

  @Test func `dear results come seldom`() throws {
    let recogniser = CountingRecogniser()
    // 100 ms each, and a quarter of the time: one in 400 ms.
    _ = try events(recogniser, speech(1000) + silence, pace: pace(milliseconds: 50), cost: .milliseconds(100))
    #expect(recogniser.lengths == [50, 450, 850, 1000])
  }

  @Test func `a gap ends an utterance, and times go on behind it`() throws {
    var transcriber = StreamingTranscriber(CountingRecogniser(), UtteranceCutter(PlainDetector(), rules: Self.rules))
    #expect(try transcriber.add(speech(200), at: 0).isEmpty)
    let first = try transcriber.add(speech(100), at: 5000)
    #expect(first.map(\.end) == [.milliseconds(200)] && first[0].goesOn)
    let second = try transcriber.add([Float](repeating: 0, count: 100), at: 5100)
    #expect(second.map(\.start) == [.seconds(5)] && second.map(\.end) == [.milliseconds(5100)] && second.map(\.wait) == [.milliseconds(100)])
    #expect(!second[0].goesOn)
    #expect(try transcriber.end().isEmpty)
    for isCut in [false, true] {
      _ = try transcriber.add(speech(200), at: 6000)
      #expect(try transcriber.end(isCut: isCut).map(\.goesOn) == [isCut])
    }
  }

  @Test func `words agree from the first on`() {
    var agreement = WordAgreement()
    #expect(!agreement.take(["a", "b"]) && agreement.told.isEmpty)
    #expect(agreement.take(["a", "c"]) && agreement.told == ["a"])
    #expect(!agreement.take(["a", "b"]) && agreement.told == ["a"])
    #expect(!agreement.take(["x", "b"]) && !agreement.take(["x", "b"]) && agreement.told == ["a"])
    var other = agreement
    #expect(agreement.finish(["x", "b"]) && !other.finish(["a", "z"]))
    #expect(agreement == WordAgreement())
  }

  @Test func `a model that fails loses one utterance, and no number or word of the others`() throws {
    let recogniser = CountingRecogniser()
    recogniser.fails = { $0 == 300 }
    var transcriber = StreamingTranscriber(recogniser, UtteranceCutter(PlainDetector(), rules: Self.rules), pace: pace(milliseconds: 50))
    // Partial results are told of it before it fails.
    #expect(try transcriber.add(speech(150), at: 0).isEmpty)
    #expect(try transcriber.add(Array(speech(200)[150...]), at: 150).map(\.transcript.text) == ["w10"])
    // Three utterances in one piece: the second fails.
    let sound = silence + speech(300) + silence + speech(200) + silence
    #expect(throws: TranscriptionError.self) { try transcriber.add(sound, at: 200) }
    let rest = try transcriber.add([0], at: 200 + sound.count)
    #expect(rest.map(\.utterance) == [0, 2] && rest.map(\.isRevised) == [false, false])
    #expect(rest.map(\.transcript.text) == ["w10 w11", "w10 w11"])
  }

  @Test func `partial results that fail are tried again at their pace, and lose nothing`() throws {
    let recogniser = CountingRecogniser()
    // The silence behind is no part of what is being said: the last partial one has heard what the final one hears.
    var asked = 0
    recogniser.fails = { _ in
      asked += 1
      return asked < 4
    }
    #expect(try events(recogniser, speech(400) + silence, pace: pace(milliseconds: 200)) == ["0 [w10 w11 w12 w13]"])
    #expect(recogniser.lengths == [50, 250, 400, 400])
  }
}
