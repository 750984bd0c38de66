import Foundation
import ModelManifest
import TestPackages
import Testing
import Transcription

@testable import EdgeAgent

/// The least that listens, with files that exist.
private struct Sample {
  let folder: TemporaryFolder
  var microphone = "{source: \"folder:sounds\"}"
  var pipeline = "{microphone: desk, model: words.swiftlet}"
  var rest = ""

  init() throws {
    folder = try TemporaryFolder()
    for (name, bytes) in [
      ("words.swiftlet", HearingPackage.bytes()), ("fast.swiftlet", HearingPackage.bytes(sampleRate: 384_000)),
      ("image.swiftlet", FixedPackage.bytes()), ("sounds/a.wav", HearingPackage.spokenWAV),
      ("flacs/a.flac", Array("fLaC".utf8)), ("broken/a.wav", Array("RIFF".utf8)),
    ] {
      _ = try folder.file(name, bytes)
    }
  }

  func read(opensModels: Bool = false) -> ConfigurationReading {
    let text = """
      device: {id: d, site: s}
      storage: {path: state}
      microphones:
        desk: \(microphone)
      pipelines:
        voice: \(pipeline)
      \(rest)

      """
    return AgentConfiguration.read(Array(text.utf8), file: folder.path + "/f.yaml", opensModels: opensModels)
  }

  func mistakes(opensModels: Bool = false) -> [String] {
    read(opensModels: opensModels).mistakes.map { $0.description.replacing(folder.path + "/", with: "") }
  }
}

@Suite struct SpeechConfigurationTests {
  @Test func `the least has the documented defaults, and needs no camera`() throws {
    let sample = try Sample()
    let reading = sample.read(opensModels: true)
    let configuration = try #require(reading.configuration, "\(reading.mistakes)")
    #expect(reading.warnings.isEmpty)
    #expect(configuration.cameras.isEmpty && configuration.pipelines.isEmpty)
    let folder = try #require(configuration.microphones.first)
    #expect(folder.source == .folder(sample.folder.path + "/sounds") && folder.loops)
    let voice = try #require(configuration.speech.first)
    #expect(voice == SpeechPipelineSettings(name: "voice", microphone: "desk", modelPath: sample.folder.path + "/words.swiftlet"))
    #expect(voice.voiceActivity == .energy && voice.pause == nil && !voice.tellsPartialResults && voice.commands.isEmpty && voice.vocabulary == .open)
  }

  @Test func `every setting is read`() throws {
    var sample = try Sample()
    sample.microphone = "{source: \"alsa:plughw:CARD=Webcam,DEV=0\"}"
    sample.pipeline = """
      {microphone: desk, model: words.swiftlet, voice_activity: words.swiftlet, pause: 250 ms, partial: true, vocabulary: commands,
          commands: [{say: stop, then: [event]}, {say: ["next part", "Weiter!"], confidence: 0.8, then: [event]}]}
      """
    let configuration = try #require(sample.read().configuration, "\(sample.mistakes())")
    #expect(configuration.microphones[0].source == .device("plughw:CARD=Webcam,DEV=0"))
    let voice = configuration.speech[0]
    #expect(voice.voiceActivity == .package(sample.folder.path + "/words.swiftlet") && voice.pause == .milliseconds(250))
    #expect(voice.tellsPartialResults && voice.vocabulary == .commands)
    sample.pipeline = "{microphone: desk, model: words.swiftlet, look_ahead: 1 s}"
    let ahead = try #require(sample.read().configuration, "\(sample.mistakes())")
    #expect(ahead.speech[0].lookAhead == .seconds(1) && voice.lookAhead == nil)
    var second = SpokenCommand(wordings: ["next part", "Weiter!"])
    second.leastConfidence = 0.8
    #expect(voice.commands == [SpokenCommand(wordings: ["stop"]), second])
  }

  @Test(arguments: [
    ("{source: \"alsa:\"}", "expected \"alsa:DEVICE\" or \"folder:PATH\""), ("{source: \"als:hw\"}", "did you mean \"alsa:\"?"),
    ("{source: \"v4l2:/dev/video0\"}", "is a camera's source"), ("{source: \"folder:gone\"}", "the folder gone can't be read"),
    ("{source: \"folder:flacs\"}", "holds no WAV file"), ("{source: \"folder:broken\"}", "a.wav is no WAV file"),
    ("{source: \"alsa:default\", loop: true}", "\"loop\" does not apply to an alsa: source"),
    ("{source: \"alsa:default\", lop: true}", "unknown key \"lop\" in microphones.desk; did you mean \"loop\"?"),
    ("{}", "\"source\" is missing in microphones.desk"),
  ])
  func `a microphone that can't work as written is refused, with its line`(microphone: String, words: String) throws {
    var sample = try Sample()
    sample.microphone = microphone
    let mistakes = sample.mistakes()
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("f.yaml:4:") && mistakes[0].contains(words), "\(mistakes)")
  }

  @Test(arguments: [
    ("microphone: dsk", "there is no microphone \"dsk\"; did you mean \"desk\"?"),
    ("microphne: desk", "unknown key \"microphne\" in pipelines.voice; did you mean \"microphone\"?"),
    ("partial: true", "\"microphone\" is missing in pipelines.voice"),
    ("microphone: desk, camera: top", "has a microphone already; a pipeline has that or a camera"),
    ("microphone: desk, voice_activty: none", "unknown key \"voice_activty\" in pipelines.voice; did you mean \"voice_activity\"?"),
    ("microphone: desk, voice_activity: enrgy", "did you mean \"energy\"?"), ("microphone: desk, voice_activity: gone.swiftlet", "does not exist"),
    ("microphone: desk, pause: 20 s", "pipelines.voice.pause"), ("microphone: desk, voice_activity: none, pause: 1 s", "without voice activity there are none"),
    ("microphone: desk, voice_activity: none, partial: true", "without voice activity there are none"),
    ("microphone: desk, look_ahead: 100 ms", "pipelines.voice.look_ahead"), ("microphone: desk, look_ahead: 6 s", "pipelines.voice.look_ahead"),
    ("microphone: desk, lookahead: 1 s", "unknown key \"lookahead\" in pipelines.voice; did you mean \"look_ahead\"?"),
    ("microphone: desk, look_ahead: 1 s, vocabulary: commands, commands: [{say: stop, then: [event]}]", "an utterance is heard at once: remove one of the two"),
    ("microphone: desk, threshold: 0.5", "unknown key \"threshold\""), ("microphone: desk, vocabulary: commands", "there are no commands"),
    ("microphone: desk, vocabulary: comands", "did you mean \"commands\"?"), ("microphone: desk, commands: []", "is empty"),
    ("microphone: desk, commands: [{say: stop}]", "\"then\" is missing in pipelines.voice.commands[0]"),
    ("microphone: desk, commands: [{say: stop, then: []}]", "then: is empty"),
    ("microphone: desk, commands: [{say: \"?!\", then: [event]}]", "expected words"), ("microphone: desk, commands: [{say: [], then: [event]}]", "is empty"),
    ("microphone: desk, commands: [{say: stop, then: [evnt]}]", "did you mean \"event\"?"),
    ("microphone: desk, commands: [{say: stop, then: [{snapshot: top}]}]", "there is no pipeline \"top\""),
    ("microphone: desk, commands: [{say: stop, confidence: 2, then: [event]}]", "confidence"),
    ("microphone: desk, commands: [{say: stop, then: [event]}, {say: \"Stop.\", then: [event]}]", "\"stop\" is said twice"),
    ("microphone: desk, commands: [{sy: stop, then: [event]}]", "unknown key \"sy\" in pipelines.voice.commands[0]; did you mean \"say\"?"),
  ])
  func `a pipeline that can't work as written is refused, with its line`(settings: String, words: String) throws {
    var sample = try Sample()
    sample.pipeline = "{model: words.swiftlet, \(settings)}"
    let mistakes = sample.mistakes()
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("f.yaml:6:") && mistakes[0].contains(words), "\(mistakes)")
  }

  /// Each setting on a line of its own, from the seventh on.
  @Test(arguments: [
    (["model: image.swiftlet"], 8, "model", "is for detection and hears nothing"),
    (["model: fast.swiftlet"], 8, "model", "hears 384000 samples a second, which no microphone gives"),
    (["model: words.swiftlet", "voice_activity: image.swiftlet"], 9, "voice_activity", "doesn't tell when somebody speaks"),
    (["model: words.swiftlet", "commands: [{say: halt, then: [event]}]"], 9, "commands", "doesn't know the command \"halt\"; it knows: stop, start"),
    (["model: words.swiftlet", "commands: [{say: unknown, then: [event]}]"], 9, "commands", "doesn't know the command \"unknown\""),
    (
      ["model: words.swiftlet", "commands: [{say: [halt, stop], then: [event]}, {say: strat, then: [event]}]"], 9, "commands",
      "doesn't know the commands \"halt\", \"strat\"; it knows: stop, start"
    ),
    (["model: words.swiftlet", "commands: [{say: stop, confidence: 0.3, then: [event]}]"], 9, "commands", "less sure than 0.5"),
    (["model: words.swiftlet", "look_ahead: 1 s"], 9, "look_ahead", "hears each utterance at once: a look-ahead is for CTC models"),
    (["model: words.swiftlet", "commands: [{say: stop, then: [event]}]", "vocabulary: commands"], 10, "vocabulary", "is for CTC models"),
  ])
  func `a check opens the packages, and says what they are for, at the setting that is wrong`(
    settings: [String], line: Int, key: String, words: String
  ) throws {
    var sample = try Sample()
    sample.pipeline = (["", "microphone: desk"] + settings).joined(separator: "\n    ")
    #expect(sample.mistakes() == [])
    let mistakes = sample.mistakes(opensModels: true)
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("f.yaml:\(line): pipelines.voice.\(key):") && mistakes[0].contains(words), "\(mistakes)")
  }

  @Test func `a model that hears and can't run is the configuration's fault, and no release's`() async throws {
    let sample = try Sample()
    var configuration = try #require(sample.read().configuration)
    configuration.speech[0].model = .path("\(sample.folder.path)/image.swiftlet")
    let agent = Agent(log: AgentLog(name: "test") { _ in })
    let unusable = configuration
    let error = await #expect(throws: EdgeAgentError.self) { try await agent.run(unusable) }
    #expect(error?.code == .configuration && error?.message.contains("pipeline voice: ") == true)
  }

  @Test func `a model that hears has no place behind a camera`() throws {
    var sample = try Sample()
    sample.rest = "  eye: {camera: top, model: words.swiftlet}\ncameras: {top: {source: \"simulated:conveyor\"}}"
    let mistakes = sample.mistakes(opensModels: true)
    #expect(mistakes.count == 1 && mistakes[0].contains("needs \"microphone\" instead of \"camera\""), "\(mistakes)")
  }

  @Test func `what isn't done yet is refused by name`() throws {
    var sample = try Sample()
    sample.rest = "mqtt: {url: \"mqtt://localhost\", encoding: sparkplug}"
    let sparkplug = sample.mistakes()
    #expect(sparkplug.count == 1 && sparkplug[0].contains("isn't told by Sparkplug in this version"), "\(sparkplug)")
    _ = try sample.folder.file("root.json", "{}")
    _ = try sample.folder.file("state/models/words.swiftlet")
    sample.pipeline = "{microphone: desk, model: words}"
    sample.rest = ""
    #expect(sample.mistakes() == [])
    sample.rest = "mqtt: {url: \"mqtt://localhost\"}\nupdates: {channel: c, root: root.json}"
    let updates = sample.mistakes().filter { $0.contains("pipelines") }
    #expect(updates.count == 1 && updates[0].contains("aren't updated by the fleet in this version; write the package's path"), "\(updates)")
  }

  @Test func `a microphone serves one pipeline, and one that none uses is a warning`() throws {
    var sample = try Sample()
    sample.rest = "  other: {microphone: desk, model: words.swiftlet}"
    let mistakes = sample.mistakes()
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("f.yaml:7:") && mistakes[0].contains("listened to by voice already"), "\(mistakes)")
    sample.rest = ""
    sample.microphone += "\n  spare: {source: \"alsa:default\"}"
    #expect(sample.read().warnings.map { $0.description.contains("no pipeline uses the microphone \"spare\"") } == [true])
  }

  @Test func `commands are listened for in the letters of the model, each with its own confidence`() throws {
    var settings = SpeechPipelineSettings(name: "voice", microphone: "desk", modelPath: "")
    settings.vocabulary = .commands
    settings.commands = [SpokenCommand(wordings: ["Stop line", "halt"]), SpokenCommand(wordings: ["don't"])]
    settings.commands[1].leastConfidence = 0.75
    for (alphabet, texts) in [
      ("ABCDEFGHIJKLMNOPQRSTUVWXYZ' ", ["STOP LINE", "HALT", "DON'T"]), ("abcdefghijklmnopqrstuvwxyz' ", ["stop line", "halt", "don't"]),
    ] {
      let manifest = Manifest(
        name: "m", version: "1", task: .transcription, decoding: .ctc(CTCDecoding(output: "y", alphabet: alphabet.map(String.init), blank: 28)))
      try Listener.checkCommands(settings, manifest, origin: "m")
      var cut = settings
      cut.voiceActivity = .none
      #expect(throws: EdgeAgentError.self) { try Listener.checkCommands(cut, manifest, origin: "m") }
      #expect(Listener.search(settings, manifest) == .phrases(zip(texts, [0.5, 0.5, 0.75]).map { SoughtPhrase($0, leastConfidence: $1) }))
    }
  }
}
