import Pipelines
import Testing

@testable import Transcription

/// Tells how long each piece was.
private final class MeasuringRecogniser: SpeechRecogniser {
  let sampleRate = 1000
  let greatestLength = 2000
  let tellsWords = true

  func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    Transcript(text: "\(samples.count)", words: [TimedWord(text: "\(samples.count)", start: origin, end: origin)])
  }
}

@Suite struct LiveTranscriberTests {
  private let recogniser = MeasuringRecogniser()
  private let speech = [Float](repeating: 1, count: 500)
  private let silence = [Float](repeating: 0, count: 500)

  @Test func `without voice activity pieces end at quiet places, at gaps and at the end, and none is an utterance`() throws {
    var transcriber = LiveTranscriber(recogniser, utterancesBy: nil)
    var events: [LiveTranscriber.Event] = []
    for part in 0..<3 { events += try transcriber.add(speech + silence, at: 1000 * part) }
    events += try transcriber.add(speech, at: 9000)
    events += try transcriber.end()
    #expect(events.map(\.utterance) == Array(0..<events.count) && events.allSatisfy { $0.isFinal && $0.speechProbability == nil })
    // All of it, and nothing over the gap.
    #expect(events.map { ($0.end - $0.start) / .milliseconds(1) }.reduce(0, +) == 3500)
    #expect(events.contains { $0.end == .seconds(3) } && events.last?.start == .seconds(9) && events.last?.end == .milliseconds(9500))
    #expect(events[0].end > .seconds(1) && events[0].end <= .seconds(2))
    // Nobody knows whether somebody goes on speaking behind a piece; the sound's end is one.
    #expect(events.map(\.goesOn) == events.indices.map { $0 < events.count - 1 })
  }

  @Test func `after an end another sound may begin anywhere`() throws {
    let search = try UtteranceSearch(PlainDetector(), named: "d", for: recogniser, named: "m", pause: .milliseconds(100))
    for search in [nil, search] {
      var transcriber = LiveTranscriber(recogniser, utterancesBy: search)
      #expect(try transcriber.add(speech, at: 0).isEmpty)
      #expect(try transcriber.end().map(\.end) == [.milliseconds(500)])
      #expect(try transcriber.add(speech, at: 7000).isEmpty)
      let second = try transcriber.end()
      #expect(second.map(\.start) == [.seconds(7)] && second.map(\.end) == [.milliseconds(7500)] && second.map(\.utterance) == [1])
    }
  }

  @Test func `what finds utterances must hear what the model hears, in chunks that fit it`() throws {
    #expect(throws: TranscriptionError.self) { try UtteranceSearch(PlainDetector(sampleRate: 8000), named: "d", for: recogniser, named: "m") }
    let slow = #expect(throws: TranscriptionError.self) { try UtteranceSearch.byEnergy(for: recogniser, named: "m") }
    #expect(slow?.message.contains("m hears 1000 samples a second, too few") == true)
    let search = try UtteranceSearch(PlainDetector(), named: "d", for: recogniser, named: "m", pause: .seconds(1))
    #expect(search.rules.silence == .seconds(1) && search.rules.longest == .seconds(2))
  }
}
