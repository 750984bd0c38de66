import CPUExecution
import Foundation
import ModelManifest
import Outbox
import Pipelines
import TestBroker
import TestPackages
import Testing
import Transcription
import Updates

@testable import EdgeAgent

/// Words that pause, on an agent's runtime whose threads don't run.
@Suite struct SpokenPauseTests {
  /// Understands nothing.
  private final class Deaf: SpeechRecogniser {
    let sampleRate = 16_000
    let greatestLength = 64_000
    let tellsWords = true

    func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript { Transcript(text: "", words: []) }
  }

  private final class Bench {
    let folder: TemporaryFolder
    let lines = Recorder<String>()
    var configuration: AgentConfiguration
    private(set) var runtime: AgentRuntime

    init() throws {
      folder = try TemporaryFolder()
      configuration = AgentConfiguration(
        device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder.path + "/state"), cameras: [],
        pipelines: ["surface", "lid"].map { PipelineSettings(name: $0, camera: "c", modelPath: "") })
      configuration.microphones = [NamedMicrophone(name: "desk", source: .folder(folder.path)), NamedMicrophone(name: "hall", source: .folder(folder.path))]
      configuration.speech = ["voice", "hall"].map { SpeechPipelineSettings(name: $0, microphone: $0 == "hall" ? "hall" : "desk", modelPath: "") }
      configuration.speech[0].commands = [
        SpokenCommand(wordings: ["stop"], actions: [.pause("surface"), .pause("hall")]),
        SpokenCommand(wordings: ["go on"], actions: [.resume("surface"), .resume("hall")]),
      ]
      runtime = try Self.make(configuration, lines)
    }

    private static func make(_ configuration: AgentConfiguration, _ lines: TestBroker.Recorder<String>) throws -> AgentRuntime {
      let package = try ModelPackage(FixedPackage.bytes(), origin: "fixed")
      let log = AgentLog(name: "test", showsPriority: false) { lines.append($0) }
      let pipelines = try configuration.pipelines.map { settings in
        PreparedPipeline(
          settings: settings, processor: try FrameProcessor(package, threshold: nil, threads: 1), lighter: nil, package: package,
          weights: SharedWeights(owner: package))
      }
      let manifest = Manifest(name: "m", version: "1", task: .transcription)
      return try AgentRuntime(
        configuration, PreparedModels(pipelines: pipelines, listeners: configuration.speech.map { Listener($0, manifest, Deaf(), nil) }, files: []),
        options: AgentOptions(), desk: CommandDesk(log: log), watch: MachineWatch(log: log, interval: .seconds(3600), read: { MachineReading() }), log: log)
    }

    /// As an agent that starts.
    func restart() throws {
      runtime.discard()
      runtime = try Self.make(configuration, lines)
    }

    func say(_ words: String, ago: Duration = .zero) {
      let utterance = TranscriptMessage.Utterance(session: "0123456789abcdef", number: 0)
      let now = MonotonicClock.wallTime()
      let transcript = TranscriptMessage(
        capturedAt: now, clock: .current(), endedAt: now, utterance: utterance, isFinal: true, isRevised: false, text: words, words: nil, confidence: nil,
        speechProbability: nil, microphone: "desk", model: "m", modelVersion: "1", latencies: [])
      let command = SpokenCommandMessage(
        capturedAt: now, clock: .current(), endedAt: now, utterance: utterance, command: words, heard: words, confidence: 1, microphone: "desk")
      let actions = configuration.speech[0].commands.first { $0.wordings == [words] }?.actions ?? []
      runtime.obey(
        SpokenResult(
          pipeline: SpeechDescription(name: "voice", microphone: "desk", modelName: "m", modelVersion: "1"), transcript: transcript, command: command,
          endedAt: MonotonicClock.now().advanced(by: .zero - ago), actions: actions))
    }

    func order(_ name: String, _ subject: String? = nil) -> CommandReply.Outcome {
      runtime.setPaused(name == "pause", SignedCommand(name: name, device: "s/d", counter: 1, expires: DateTime(seconds: 0), subject: subject)).outcome
    }

    var paused: [String] {
      runtime.status.pipelines.filter(\.isPaused).map(\.description.name) + runtime.status.speech.filter(\.isPaused).map(\.description.name)
    }

    func has(_ words: String) -> Bool { lines.all.contains { $0.contains(words) } }
  }

  @Test func `a word pauses, also over a restart, and a word resumes`() throws {
    let bench = try Bench()
    defer { bench.runtime.discard() }
    #expect(bench.paused.isEmpty)
    bench.say("stop")
    #expect(bench.paused == ["surface", "hall"])
    #expect(bench.has("paused by the spoken command \"stop\" (voice): surface") && bench.has("paused by the spoken command \"stop\" (voice): hall"))
    bench.say("stop")
    #expect(bench.has("changes nothing: a spoken command has paused surface already"))
    try bench.restart()
    #expect(bench.paused == ["surface", "hall"] && bench.has("pipeline surface: paused by a spoken command, until one resumes it"))
    bench.say("go on")
    #expect(bench.paused.isEmpty && bench.has("resumed by the spoken command \"go on\" (voice): surface"))
    bench.say("go on")
    #expect(bench.has("changes nothing: no spoken command has paused surface"))
    try bench.restart()
    #expect(bench.paused.isEmpty)
  }

  @Test func `what was said long ago moves nothing`() throws {
    let bench = try Bench()
    defer { bench.runtime.discard() }
    bench.say("stop", ago: .seconds(60))
    #expect(bench.paused.isEmpty && bench.has("moves nothing, as it was said 60 s ago"))
    bench.say("stop", ago: .seconds(2))
    #expect(bench.paused == ["surface", "hall"])
  }

  @Test func `what the fleet has paused no word resumes, and the fleet resumes both`() throws {
    let bench = try Bench()
    defer { bench.runtime.discard() }
    #expect(bench.order("pause") == .done)
    #expect(bench.paused == ["surface", "lid", "voice", "hall"])
    bench.say("go on")
    #expect(bench.paused.count == 4 && bench.has("surface stays paused: the fleet has paused it, and only the fleet resumes that"))
    bench.say("stop")
    bench.say("go on")
    #expect(bench.paused.count == 4 && bench.has("taken back by the spoken command \"go on\" (voice): surface"))
    bench.say("stop")
    try bench.restart()
    #expect(bench.paused.count == 4 && bench.has("pipeline surface: paused by a command of the fleet"))
    #expect(bench.order("resume", "surface") == .done)
    #expect(bench.paused == ["lid", "voice", "hall"])
    #expect(bench.order("resume") == .done)
    try bench.restart()
    #expect(bench.paused.isEmpty)
  }

  @Test func `a pause that no command could take back ends with the configuration that could`() throws {
    let bench = try Bench()
    defer { bench.runtime.discard() }
    bench.say("stop")
    bench.configuration.speech[0].commands[1].actions = [.resume("hall")]
    try bench.restart()
    // Not before all of it runs is it forgotten: the one before may have to go on.
    #expect(bench.paused == ["hall"] && PausedPipelines(bench.configuration.storage, by: .voice).names == ["surface", "hall"])
    bench.runtime.forgetLostPauses()
    #expect(bench.paused == ["hall"] && PausedPipelines(bench.configuration.storage, by: .voice).names == ["hall"])
    #expect(bench.has("pipeline surface: a spoken command paused it, and none of this configuration resumes it: that pause is over"))
  }

  @Test func `where the disk doesn't take it nothing is paused, and the log says why`() throws {
    let bench = try Bench()
    defer { bench.runtime.discard() }
    try FileManager.default.createDirectory(atPath: bench.folder.path + "/state/paused-by-voice", withIntermediateDirectories: true)
    bench.say("stop")
    #expect(bench.paused.isEmpty && bench.has("the spoken command \"stop\" (voice) to pause surface changes nothing: "))
    try bench.restart()
    #expect(bench.paused.isEmpty && bench.has("paused-by-voice can't be read"))
    // The fleet's own word counts all the same.
    #expect(bench.order("pause", "surface") == .done)
    #expect(bench.paused == ["surface"])
    #expect(bench.order("resume", "surface") == .failed)
    #expect(bench.paused.isEmpty)
  }

  @Test func `a word goes by the line that somebody has removed`() throws {
    let bench = try Bench()
    defer { bench.runtime.discard() }
    bench.say("stop")
    try Data("hall\n".utf8).write(to: URL(fileURLWithPath: bench.folder.path + "/state/paused-by-voice"))
    bench.runtime.applyPauses()
    #expect(bench.paused == ["hall"])
  }
}
