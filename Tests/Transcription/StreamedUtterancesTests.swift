import Pipelines
import Testing

@testable import Transcription

/// Knows a word of each hundred samples that aren't 0, once a hundred more have come.
private final class SlowReader: StreamingSpeechRecogniser {
  let sampleRate = 1000
  let greatestLength = 2000
  /// Fails once where so many samples of a sound have come.
  var failsAt: Int?
  private(set) var begins: [Duration] = []
  private(set) var heard = 0
  private(set) var words: [TimedWord] = []
  /// Whether nothing tells where its words end.
  var spellsOn = false
  private var spelt: [TimedWord] = []
  private var samples: [Float] = []
  private var origin = Duration.zero
  private var read = 0

  var heardUntil: Duration { origin + .milliseconds(read) }
  var unfinishedWord: Range<Duration>? { spelt.first.map { $0.start..<spelt[spelt.count - 1].end } }

  func begin(at origin: Duration) {
    begins.append(origin)
    (self.origin, samples, words, spelt, read) = (origin, [], [], [], 0)
  }

  func add(_ new: ArraySlice<Float>) throws(TranscriptionError) {
    heard += new.count
    samples += new
    try failIfDue()
    while read + 200 <= samples.count { readOn() }
  }

  func end() throws(TranscriptionError) {
    try failIfDue()
    while read < samples.count { readOn() }
    finishWord()
  }

  func finishWord() {
    guard let word = unfinishedWord else { return }
    words.append(TimedWord(text: spelt.map(\.text).joined(), start: word.lowerBound, end: word.upperBound))
    spelt = []
  }

  func takeWords() -> [TimedWord] {
    defer { words = [] }
    return words
  }

  private func failIfDue() throws(TranscriptionError) {
    guard let limit = failsAt, samples.count >= limit else { return }
    failsAt = nil
    throw TranscriptionError(.unusableProgram, "it broke")
  }

  private func readOn() {
    let value = samples[read]
    if value != 0 { spelt.append(TimedWord(text: "w\(Int(value) / 100)", start: heardUntil, end: heardUntil + .milliseconds(100))) }
    if !spellsOn { finishWord() }
    read += 100
  }
}

@Suite struct StreamedUtterancesTests {
  private let reader = SlowReader()
  private let silence = [Float](repeating: 0, count: 300)

  /// Speech of so many samples, counting from 1,000 on.
  private func speech(_ count: Int, from first: Int = 1000) -> [Float] { (0..<count).map { Float(first + $0) } }

  private func cutter(padding: Duration = .zero) -> UtteranceCutter {
    var rules = EndpointRules()
    (rules.leastSpeech, rules.silence, rules.padding, rules.longest) = (.milliseconds(20), .milliseconds(100), padding, .seconds(2))
    return UtteranceCutter(PlainDetector(), rules: rules)
  }

  private func events(
    _ sound: [Float], _ take: (ArraySlice<Float>, Int) throws -> [StreamingTranscriber.Event], _ end: () throws -> [StreamingTranscriber.Event]
  ) rethrows -> [StreamingTranscriber.Event] {
    var events: [StreamingTranscriber.Event] = []
    for start in stride(from: 0, to: sound.count, by: 50) { events += try take(sound[start..<min(sound.count, start + 50)], start) }
    return events + (try end())
  }

  private func utterances(_ sound: [Float], pace: StreamingTranscriber.Pace? = StreamingTranscriber.Pace()) throws -> [StreamingTranscriber.Event] {
    var transcriber = StreamingTranscriber(reader, cutter(), pace: pace)
    return try events(sound, { try transcriber.add(Array($0), at: $1) }, { try transcriber.end() })
  }

  @Test func `each sample of an utterance is heard once, and its words are told as they are known`() throws {
    let found = try utterances(silence + speech(500) + silence + speech(300, from: 2000))
    #expect(found.map(\.isFinal) == [false, false, false, false, true, false, true])
    #expect(
      found.map(\.transcript.text) == [
        "w10", "w10 w11", "w10 w11 w12", "w10 w11 w12 w13", "w10 w11 w12 w13 w14", "w20", "w20 w21 w22",
      ])
    #expect(found.allSatisfy { !$0.isRevised } && found.map(\.utterance) == [0, 0, 0, 0, 0, 1, 1])
    #expect(reader.begins == [.milliseconds(300), .milliseconds(1100)] && reader.heard <= 500 + 100 + 300)
    #expect(found[4].start == .milliseconds(300) && found[4].end == .milliseconds(800) && found[4].wait == .milliseconds(100))
  }

  @Test(arguments: [30, 60, 90]) func `what lies between two utterances is heard by one of them at most`(padding: Int) throws {
    var transcriber = StreamingTranscriber(reader, cutter(padding: .milliseconds(padding)))
    let sound = silence + speech(500) + [Float](repeating: 0, count: 110) + speech(300, from: 2000) + silence
    _ = try events(sound, { try transcriber.add(Array($0), at: $1) }, { try transcriber.end() })
    #expect(reader.begins.count == 2 && reader.heard >= 800 + 3 * padding && reader.heard <= 800 + 2 * padding + min(110, 2 * padding))
  }

  @Test func `without a pace the work is done while somebody speaks all the same`() throws {
    let found = try utterances(speech(500) + silence, pace: nil)
    #expect(found.map(\.transcript.text) == ["w10 w11 w12 w13 w14"] && reader.heard <= 600)
  }

  @Test func `what is cut for its length goes on where it was, without a word lost or said twice`() throws {
    let found = try utterances(speech(5000) + silence)
    let final = found.filter(\.isFinal)
    #expect(final.count >= 3 && final.map(\.goesOn) == final.indices.map { $0 < final.count - 1 })
    #expect(final.flatMap { $0.transcript.words!.map(\.text) } == (10..<60).map { "w\($0)" })
    #expect(reader.begins == [.zero] && reader.heard <= 5100)
    #expect(final.allSatisfy { !$0.isRevised && $0.end >= $0.transcript.words!.last!.end })
    // Words that weren't known by the cut have their place all the same.
    #expect(found.allSatisfy { $0.start <= $0.transcript.words!.first!.start } && final[1].start < .seconds(2))
    // Told words stay with the utterance in which they were told.
    for event in found where !event.isFinal {
      let whole = final[event.utterance].transcript.words!
      #expect(whole.starts(with: event.transcript.words!))
    }
  }

  @Test func `a failure while somebody speaks is overcome at the end`() throws {
    reader.failsAt = 350
    let found = try utterances(speech(500) + silence)
    #expect(found.last?.transcript.text == "w10 w11 w12 w13 w14" && found.last?.isFinal == true)
    // Nothing is told twice, and nothing is taken back.
    let counts = found.map { $0.transcript.words!.count }
    #expect(counts.count >= 3 && zip(counts.dropLast(), counts.dropLast().dropFirst()).allSatisfy(<) && found.allSatisfy { !$0.isRevised })
  }

  @Test func `a failure at the end loses one utterance`() throws {
    var transcriber = StreamingTranscriber(reader, cutter())
    _ = try transcriber.add(speech(200), at: 0)
    reader.failsAt = 0
    #expect(throws: TranscriptionError.self) { try transcriber.add(silence, at: 200) }
    _ = try transcriber.add(speech(300, from: 2000), at: 500)
    #expect(try transcriber.end().map(\.transcript.text) == ["w20 w21 w22"])
  }

  @Test func `without utterances lines end at pauses, where they are long, at gaps and at the end`() throws {
    var transcriber = LiveTranscriber(reader, utterancesBy: nil)
    var sound = speech(400)
    sound += [Float](repeating: 0, count: 1000)
    sound += speech(9000, from: 2000)
    var found = try events(sound, { try transcriber.add(Array($0), at: $1) }, { [] })
    #expect(found.map { $0.transcript.words!.count } == [4, 80] && found.allSatisfy { $0.isFinal && $0.goesOn && !$0.isRevised })
    #expect(found[0].start == .zero && found[0].end == .milliseconds(400) && found[0].wait >= .milliseconds(600))
    // Eight seconds are no pause.
    found += try transcriber.add(speech(300, from: 50_000), at: 20_000)
    found += try transcriber.end()
    #expect(found.map { $0.transcript.words!.count } == [4, 80, 10, 3])
    #expect(found[2].goesOn && found[2].end == .milliseconds(10_400) && !found[3].goesOn && found[3].start == .seconds(20))
    #expect(found.flatMap { $0.transcript.words!.map(\.text) }.count == 97 && found.map(\.utterance) == [0, 1, 2, 3])
    #expect(try transcriber.end().isEmpty)
  }

  @Test func `where nothing tells where a word ends, it does where it is as long as a line, and at a pause`() throws {
    reader.spellsOn = true
    var transcriber = LiveTranscriber(reader, utterancesBy: nil)
    let sound = speech(9000) + [Float](repeating: 0, count: 1000) + speech(300, from: 20_000)
    let found = try events(sound, { try transcriber.add(Array($0), at: $1) }, { try transcriber.end() })
    #expect(found.map { ($0.end - $0.start) / .milliseconds(1) } == [8000, 1000, 300] && found.allSatisfy { $0.transcript.words!.count == 1 })
    #expect(found.map(\.transcript.text).joined() == (10..<100).map { "w\($0)" }.joined() + "w200w201w202")
  }

  @Test func `what was known before the model fails is told, be it at a gap or at the end`() throws {
    var transcriber = LiveTranscriber(reader, utterancesBy: nil)
    #expect(try transcriber.add(speech(400), at: 0).isEmpty)
    reader.failsAt = 500
    #expect(throws: TranscriptionError.self) { try transcriber.add(speech(200, from: 1400), at: 400) }
    #expect(try transcriber.add(speech(300, from: 3000), at: 600).map(\.transcript.text) == ["w10 w11 w12"])
    reader.failsAt = 100
    // At the gap: what came before it, then what stands behind it.
    #expect(throws: TranscriptionError.self) { try transcriber.add(speech(300, from: 5000), at: 5000) }
    #expect(try transcriber.add(speech(300, from: 5300), at: 5300).map(\.transcript.text) == ["w30 w31"])
    reader.failsAt = 100
    #expect(throws: TranscriptionError.self) { try transcriber.end() }
    let rest = try transcriber.end()
    // The sound behind the gap went on where it began.
    #expect(rest.map(\.transcript.text) == ["w50 w51 w52 w53 w54"] && rest.map(\.utterance) == [2])
    #expect(try transcriber.end().isEmpty)
    // Of a word that is being spelt what is known counts.
    reader.spellsOn = true
    #expect(try transcriber.add(speech(400, from: 7000), at: 7000).isEmpty)
    reader.failsAt = 500
    #expect(throws: TranscriptionError.self) { try transcriber.add(speech(200, from: 7400), at: 7400) }
    #expect(try transcriber.end().map(\.transcript.text) == ["w70w71w72"])
  }

  @Test func `where the model fails everything begins anew`() throws {
    var transcriber = LiveTranscriber(reader, utterancesBy: nil)
    reader.failsAt = 0
    #expect(throws: TranscriptionError.self) { try transcriber.add(speech(300), at: 0) }
    #expect(try transcriber.add(speech(300, from: 3000), at: 300).isEmpty)
    #expect(try transcriber.end().map(\.transcript.text) == ["w30 w31 w32"])
  }
}
