import Foundation
import ModelManifest
import Outbox
import Pipelines
import SoundCapture
import Supervision
import TestBroker
import Testing
import Transcription

@testable import EdgeAgent

/// Hears "stop line" in everything, or fails, or takes as long as the test likes.
private final class PatientRecogniser: SpeechRecogniser, @unchecked Sendable {
  let sampleRate = 1000
  let greatestLength = 4000
  let tellsWords = true
  let isAsked = Recorder<Int>()
  /// Of the thread that asks.
  let niceness = Recorder<Int32>()
  private let gate = DispatchSemaphore(value: 0)
  private let waits: Bool
  private let fails: Bool
  /// Understands nothing of pieces from this length on.
  private let forgetsFrom: Int

  init(waits: Bool = false, fails: Bool = false, forgetsFrom: Int = .max) { (self.waits, self.fails, self.forgetsFrom) = (waits, fails, forgetsFrom) }

  func letGo() { gate.signal() }

  func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    isAsked.append(samples.count)
    niceness.append(getpriority(Int32(PRIO_PROCESS.rawValue), 0))
    if waits { gate.wait() }
    if fails { throw TranscriptionError(.unusableProgram, "it broke") }
    if samples.count >= forgetsFrom { return Transcript(text: "", words: []) }
    let words = [("stop", 0), ("line", 100)].map { word, offset in
      TimedWord(text: word, start: origin + .milliseconds(offset), end: origin + .milliseconds(offset + 80), confidence: 0.8)
    }
    return Transcript(text: "stop line", words: words)
  }
}

/// Speech wherever a sample isn't 0.
private final class PlainDetector: VoiceActivityDetector {
  let sampleRate = 1000
  let chunkLength = 10
  func probability(of chunk: ArraySlice<Float>) -> Float { chunk.contains { $0 != 0 } ? 1 : 0 }
  func reset() {}
}

/// A speech pipeline on a scripted microphone.
private final class Hall: @unchecked Sendable {
  let source: ScriptedSource
  let recogniser: PatientRecogniser
  let ledger = ProgressLedger()
  let lines = Recorder<String>()
  let ended = Recorder<String>()
  let results = BoundedQueue<SpokenResult>(capacity: 64, policy: .rejectNewest)
  let worker: SpeechWorker

  init(
    _ steps: [ScriptedSource.Step], _ recogniser: PatientRecogniser = PatientRecogniser(), grace: Duration = SpeechWorker.grace,
    _ change: (inout SpeechPipelineSettings) -> Void = { _ in }
  ) throws {
    source = ScriptedSource(steps)
    self.recogniser = recogniser
    var settings = SpeechPipelineSettings(name: "voice", microphone: "desk", modelPath: "")
    settings.commands = [SpokenCommand(wordings: ["Stop line"])]
    change(&settings)
    let search = try UtteranceSearch(PlainDetector(), named: "d", for: recogniser, named: "m", pause: .milliseconds(100))
    let listener = Listener(settings, Manifest(name: "m", version: "7", task: .transcription), recogniser, search)
    let (source, lines, ended) = (source, lines, ended)
    worker = SpeechWorker(
      listener,
      open: { (onTurn) throws(EdgeAgentError) in
        source.onTurn = onTurn
        return source
      }, results: results, ledger: ledger,
      log: AgentLog(name: "t", showsPriority: false) { lines.append($0) }, grace: grace
    ) { ended.append($0.name) }
    try worker.start()
  }

  /// Lets it end, and gives what it told.
  func finish() -> [SpokenResult] {
    worker.stop()
    worker.join()
    var all: [SpokenResult] = []
    while let result = results.pop(timeout: .zero) { all.append(result) }
    return all
  }
}

@Suite struct SpeechWorkerTests {
  private static let format = SoundStreamFormat(sampleFormat: .s16, sampleRate: 1000, channelCount: 1, period: 20, buffer: 500)

  /// Half a second of speech and as much silence, from a position on.
  private func utterance(at position: Int, heard: Duration) -> [ScriptedSource.Step] {
    [.sound(1, count: 500, at: position, heard: heard), .sound(0, count: 500, at: position + 500, heard: heard + .milliseconds(500))]
  }

  @Test func `what is said is told with the time at which it was said, and the command in it`() throws {
    let hall = try Hall(utterance(at: 0, heard: .seconds(-3)))
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let results = hall.finish()
    #expect(hall.ended.all == ["voice"])
    let told = try #require(results.first)
    #expect(results.count == 1)
    let said = MonotonicClock.wallTime(of: hall.source.start.advanced(by: .seconds(-3)))
    #expect(abs(told.transcript.capturedAt.microseconds - said.microseconds) < 5000)
    #expect(told.transcript.endedAt.microseconds - told.transcript.capturedAt.microseconds == 600_000)
    #expect(told.transcript.text == "stop line" && told.transcript.isFinal && told.transcript.confidence == 0.8)
    #expect(told.transcript.words?.map(\.start) == [.zero, .milliseconds(100)])
    let command = try #require(told.command)
    #expect(command.command == "Stop line" && command.heard == "stop line" && command.utterance == told.transcript.utterance)
    #expect(command.endedAt.microseconds - command.capturedAt.microseconds == 180_000)
    #expect(told.actions == [.event])
    // Whoever looks how old the command is has its end, to a block of sound, whenever it was understood.
    let late = told.endedAt.duration(to: MonotonicClock.now()) - hall.source.start.duration(to: MonotonicClock.now())
    #expect(late > .milliseconds(1500) && late < .seconds(3))
    let statistics = hall.worker.statistics.snapshot
    #expect(statistics.utterances == 1 && statistics.commands == 1 && statistics.failures == 0)
    #expect(hall.ledger.stuckStages(at: MonotonicClock.now().advanced(by: .seconds(3600)), limit: .seconds(20)) == [])
  }

  @Test func `what is to follow a command goes with it, in its order, and with nothing else`() throws {
    let actions: [SpokenCommand.Action] = [.snapshot(of: "surface"), .pause("detail"), .event]
    let hall = try Hall(utterance(at: 0, heard: .zero) + utterance(at: 1000, heard: .seconds(1)) + [.sound(1, count: 300, at: 2000, heard: .seconds(2))]) {
      $0.commands[0].actions = actions
    }
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    // The end cuts the last one.
    #expect(hall.finish().map(\.actions) == [actions, actions, []])
  }

  @Test func `what isn't sure enough to be a command is told with its confidence`() throws {
    let hall = try Hall(utterance(at: 0, heard: .zero)) { $0.commands[0].leastConfidence = 0.95 }
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    #expect(hall.finish().map { $0.command == nil } == [true])
    #expect(hall.lines.all.contains { $0.contains("\"stop line\" is no command, as its confidence is 0.8 and 0.95 is asked for") })
  }

  @Test func `speech gives way a little, and the threads that asked for it don't`() throws {
    let own = getpriority(Int32(PRIO_PROCESS.rawValue), 0)
    let hall = try Hall(utterance(at: 0, heard: .zero))
    #expect(hall.recogniser.niceness.wait { !$0.isEmpty })
    #expect(hall.recogniser.niceness.all == [min(19, own + SpeechWorker.niceness)] && getpriority(Int32(PRIO_PROCESS.rawValue), 0) == own)
    _ = hall.finish()
  }

  @Test func `what is cut for its length ends with no command`() throws {
    // The model takes four seconds, and somebody speaks for six.
    let steps = stride(from: 0, to: 6000, by: 500).map { ScriptedSource.Step.sound(1, count: 500, at: $0, heard: .milliseconds($0)) }
    let hall = try Hall(steps + [.sound(0, count: 500, at: 6000, heard: .seconds(6))])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let results = hall.finish()
    #expect(results.count >= 2 && results.map { $0.command != nil } == results.indices.map { $0 == results.count - 1 })
  }

  @Test func `partial texts come while it is being said, and give no command`() throws {
    let steps = stride(from: 0, to: 1500, by: 100).map { ScriptedSource.Step.sound(1, count: 100, at: $0, heard: .milliseconds($0)) }
    let hall = try Hall(steps + [.sound(0, count: 100, at: 1500, heard: .milliseconds(1500))]) { $0.tellsPartialResults = true }
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let results = hall.finish()
    #expect(results.map(\.transcript.isFinal) == [false, true])
    #expect(results[0].command == nil && results[1].command != nil)
    #expect(results[0].transcript.utterance == results[1].transcript.utterance)
    #expect(results[0].transcript.capturedAt == results[1].transcript.capturedAt)
  }

  @Test func `a microphone that is away, or silent, is waited for as long as it takes`() throws {
    let hall = try Hall([.state(.waiting("desk was unplugged")), .counts(MicrophoneCounters())])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let later = MonotonicClock.now().advanced(by: .seconds(86_400))
    #expect(hall.ledger.stuckStages(at: later, limit: .seconds(20)) == [])
    #expect(hall.worker.state == .waiting("desk was unplugged"))
    #expect(hall.lines.all.contains { $0.contains("microphone desk: waiting: desk was unplugged") })
    hall.source.give(utterance(at: 900_000, heard: .zero))
    #expect(hall.recogniser.isAsked.wait { !$0.isEmpty })
    #expect(hall.finish().count == 1)
  }

  @Test func `a model that doesn't come back is a stuck stage`() throws {
    let hall = try Hall(utterance(at: 0, heard: .zero), PatientRecogniser(waits: true))
    #expect(hall.recogniser.isAsked.wait { !$0.isEmpty })
    // Four seconds are the longest utterance.
    #expect(hall.ledger.stuckStages(at: MonotonicClock.now().advanced(by: .seconds(25)), limit: .seconds(20)) == [])
    #expect(hall.ledger.stuckStages(at: MonotonicClock.now().advanced(by: .seconds(33)), limit: .seconds(20)) == ["speech voice"])
    hall.recogniser.letGo()
    #expect(hall.finish().count == 1)
  }

  @Test func `a sound driver that doesn't come back is a stuck stage, and one that has ended isn't`() throws {
    let hall = try Hall([])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let later = MonotonicClock.now().advanced(by: .seconds(60))
    #expect(hall.ledger.stuckStages(at: later, limit: .seconds(20)) == [])
    hall.source.onTurn?(true)
    #expect(hall.ledger.stuckStages(at: later, limit: .seconds(20)) == ["microphone desk"])
    hall.source.onTurn?(false)
    #expect(hall.ledger.stuckStages(at: later, limit: .seconds(20)) == [])
    hall.source.onTurn?(true)
    _ = hall.finish()
    #expect(hall.ledger.stuckStages(at: later, limit: .seconds(20)) == [])
  }

  @Test func `a model that fails loses an utterance, and is told`() throws {
    let hall = try Hall(utterance(at: 0, heard: .zero) + utterance(at: 1000, heard: .seconds(1)), PatientRecogniser(fails: true))
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    #expect(hall.finish().isEmpty)
    #expect(hall.worker.statistics.snapshot.failures == 2 && hall.recogniser.isAsked.all.count == 2)
    #expect(hall.lines.all.contains { $0.contains("what was said is lost: it broke") })
  }

  @Test func `a pause ends what is being said, and what is said meanwhile isn't heard`() throws {
    let hall = try Hall([.sound(1, count: 300, at: 0, heard: .zero)])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    hall.worker.isPaused = true
    hall.source.give(utterance(at: 300, heard: .milliseconds(300)))
    #expect(hall.source.isIdle.wait { $0.count >= 2 })
    #expect(hall.recogniser.isAsked.all == [300])
    hall.worker.isPaused = false
    hall.source.give(utterance(at: 1300, heard: .milliseconds(1300)))
    #expect(hall.source.isIdle.wait { $0.count >= 3 })
    let results = hall.finish()
    #expect(results.count == 2 && hall.worker.statistics.snapshot.passedOver == .seconds(1))
    // Two readings of two clocks.
    #expect(abs(results[1].transcript.capturedAt.microseconds - results[0].transcript.capturedAt.microseconds - 1_300_000) < 5000)
  }

  @Test func `lost and dropped sound is told, and counted on`() throws {
    var counters = MicrophoneCounters()
    (counters.lost, counters.overruns) = (1500, 1)
    var more = counters
    more.dropped = 200
    let hall = try Hall([.counts(counters), .counts(more)] + utterance(at: 2000, heard: .zero))
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    #expect(hall.lines.all.count { $0.contains("microphone desk: 1.5 s of sound were lost") } == 1)
    #expect(hall.lines.all.count { $0.contains("sound is dropped, as transcribing") } == 1)
    let status = AgentStatus.Speech(hall.worker)
    #expect(status.lost == .milliseconds(1500) && status.dropped == .milliseconds(200))
    #expect(hall.finish().count == 1)
  }

  @Test func `the line of what an agent does counts those who listen`() throws {
    let hall = try Hall(utterance(at: 0, heard: .zero))
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    #expect(hall.finish().count == 1)
    var status = AgentStatus(
      uptime: .zero, cameras: [], pipelines: [], speech: [AgentStatus.Speech(hall.worker)], unrecorded: 0, queued: 0, unkept: 0, recorded: 1, acknowledged: 0,
      isConnected: false)
    let start = "1 pipeline with a microphone, 1 text written"
    for (state, isPaused, rest) in [
      (.capturing(Self.format), false, ""), (.waiting("it was unplugged"), false, "; waiting for 1 microphone: desk"), (.ended, false, "; ended: voice"),
      (.capturing(Self.format), true, "; paused: voice"),
    ] as [(MicrophoneState, Bool, String)] {
      (status.speech[0].state, status.speech[0].isPaused) = (state, isPaused)
      #expect(status.line(unkeptBefore: 0) == start + rest)
    }
    status.speech = []
    #expect(status.line(unkeptBefore: 0) == "0 pipelines, 0 frames processed")
  }

  @Test func `results that nobody records are counted, and listening goes on`() throws {
    let hall = try Hall((0..<70).flatMap { utterance(at: $0 * 1000, heard: .seconds($0)) })
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    #expect(hall.finish().count == 64)
    #expect(hall.worker.statistics.snapshot.unrecorded == 6 && hall.worker.statistics.snapshot.utterances == 70)
    // Nothing follows them, either.
    #expect(hall.lines.all.count { $0.contains("the command \"Stop line\" is lost") } == 1)
  }

  @Test func `what is being said when sound stops is over, and gives no command, then or later`() throws {
    let hall = try Hall([.sound(1, count: 300, at: 0, heard: .zero), .state(.capturing(Self.format)), .counts(MicrophoneCounters())])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    // A moment without sound is none.
    #expect(hall.recogniser.isAsked.all.isEmpty)
    hall.source.give([.state(.waiting("desk was unplugged")), .counts(MicrophoneCounters()), .counts(MicrophoneCounters())])
    #expect(hall.source.isIdle.wait { $0.count >= 2 })
    #expect(hall.recogniser.isAsked.all == [300])
    hall.source.give([.state(.capturing(Self.format))] + utterance(at: 300, heard: .seconds(60)))
    #expect(hall.source.isIdle.wait { $0.count >= 3 })
    #expect(hall.recogniser.isAsked.all == [300, 600])
    #expect(hall.finish().map { $0.command != nil } == [false, true])
  }

  @Test func `what a gap, a pause or the agent's end cuts gives no command`() throws {
    let hall = try Hall([.sound(1, count: 300, at: 0, heard: .zero)] + [.sound(1, count: 300, at: 900, heard: .zero)])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    hall.worker.isPaused = true
    hall.source.give([.sound(1, count: 300, at: 1200, heard: .zero)])
    #expect(hall.source.isIdle.wait { $0.count >= 2 })
    hall.worker.isPaused = false
    hall.source.give([.sound(1, count: 300, at: 1500, heard: .zero)])
    #expect(hall.source.isIdle.wait { $0.count >= 3 })
    let results = hall.finish()
    #expect(results.count == 3 && results.allSatisfy { $0.transcript.isFinal && $0.command == nil })
  }

  @Test func `a partial text that comes to nothing is replaced by none`() throws {
    let steps = stride(from: 0, to: 1200, by: 100).map { ScriptedSource.Step.sound(1, count: 100, at: $0, heard: .milliseconds($0)) }
    let hall = try Hall(steps + [.sound(0, count: 500, at: 1200, heard: .milliseconds(1200))], PatientRecogniser(forgetsFrom: 1200)) {
      $0.tellsPartialResults = true
    }
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let results = hall.finish()
    #expect(results.map(\.transcript.text) == ["stop line", ""] && results.map(\.transcript.isRevised) == [false, true])
    #expect(hall.worker.statistics.snapshot.withoutText == 1 && hall.worker.statistics.snapshot.utterances == 0)
  }

  @Test func `times are those at which the sound came, and what it waited is told`() throws {
    let now = MonotonicClock.now()
    let said = WallTime(microseconds: 1_000_000_000_000)
    func block(_ position: Int, _ age: Duration) -> SoundBlock {
      SoundBlock(
        position: position, count: 500, capturedAt: now.advanced(by: .zero - age),
        heardAt: WallTime(microseconds: said.microseconds + Int64(position) * 1000))
    }
    let hall = try Hall([.block(1, block(0, .seconds(31))), .block(0, block(500, .milliseconds(30_500)))])
    #expect(hall.source.isIdle.wait { !$0.isEmpty })
    let told = try #require(hall.finish().first)
    #expect(told.transcript.capturedAt == said)
    let waiting = told.transcript.latencies.first { $0.stage == "waiting" }
    #expect(waiting.map { $0.duration >= .seconds(30) } == true, "\(told.transcript.latencies)")
  }

  @Test func `a stop doesn't wait for all that was heard, and what is left is counted`() throws {
    let hall = try Hall((0..<5).flatMap { utterance(at: $0 * 1000, heard: .seconds($0)) }, PatientRecogniser(waits: true), grace: .zero)
    #expect(hall.recogniser.isAsked.wait { !$0.isEmpty })
    hall.worker.stop()
    // As often as it would be asked otherwise.
    for _ in 0..<5 { hall.recogniser.letGo() }
    #expect(hall.finish().count == 1)
    #expect(hall.recogniser.isAsked.all.count == 1)
    #expect(AgentStatus.Speech(hall.worker).dropped == .seconds(4))
    #expect(hall.lines.all.contains { $0.contains("leaves 4.0 s of sound unheard") })
  }
}
