import Foundation
import TestPackages
import Testing

@testable import EdgeAgent

/// Pipelines that hear, see, follow and judge parts; what the first one's command does stands on line 12.
private struct Sample {
  let folder: TemporaryFolder
  var then = "[event]"
  /// Of the other one that hears, which stands last.
  var otherThen = "[{resume: surface}, {resume: detail}, {resume: hall}]"
  var rest = ""

  init() throws {
    folder = try TemporaryFolder()
    for (name, bytes) in [("words.swiftlet", HearingPackage.bytes()), ("image.swiftlet", FixedPackage.bytes()), ("sounds/a.wav", HearingPackage.spokenWAV)] {
      _ = try folder.file(name, bytes)
    }
  }

  func read() -> ConfigurationReading {
    let text = """
      device: {id: d, site: s}
      storage: {path: state}
      cameras: {line: {source: "simulated:conveyor"}}
      microphones: {desk: {source: "folder:sounds"}, hall: {source: "folder:sounds"}, door: {source: "folder:sounds"}}
      gates: {reject: {device: none, travel: 1 s}}
      pipelines:
        voice:
          microphone: desk
          model: words.swiftlet
          commands:
            - say: stop
              then: \(then)
        surface: {camera: line, model: image.swiftlet}
        detail: {after: surface, model: image.swiftlet}
        judged: {camera: line, model: image.swiftlet, parts: {trigger: frame}, rules: [{when: scratch, then: [{gate: reject}]}]}
        hall: {microphone: hall, model: words.swiftlet}
        door:
          microphone: door
          model: words.swiftlet
          commands: [{say: start, then: \(otherThen)}]
      \(rest)

      """
    return AgentConfiguration.read(Array(text.utf8), file: folder.path + "/f.yaml")
  }

  func mistakes() -> [String] { read().mistakes.map { $0.description.replacing(folder.path + "/", with: "") } }
}

@Suite struct SpokenActionConfigurationTests {
  @Test func `what follows a command is read, of pipelines that stand behind it, too`() throws {
    var sample = try Sample()
    sample.then = "[{snapshot: surface}, event, {pause: detail}, {pause: hall}, {snapshot: judged}]"
    let configuration = try #require(sample.read().configuration, "\(sample.mistakes())")
    #expect(configuration.speech[0].commands[0].actions == [.snapshot(of: "surface"), .event, .pause("detail"), .pause("hall"), .snapshot(of: "judged")])
    #expect(configuration.resumableByVoice == ["surface", "detail", "hall"])
    #expect(configuration.commands(picturing: "surface") == ["stop"] && configuration.commands(picturing: "detail").isEmpty)
    sample.then = "[{pause: surface}]"
    #expect(sample.read().configuration?.speech[0].commands[0].actions == [.pause("surface")])
  }

  @Test(arguments: [
    ("[{snapshot: surfac}]", "then[0].snapshot: there is no pipeline \"surfac\"; did you mean \"surface\"?"),
    ("[{snapshot: nothing-like-it}]", "there is no pipeline \"nothing-like-it\"; known: surface, detail, judged"),
    ("[event, {pause: surfce}]", "then[1].pause: there is no pipeline \"surfce\"; did you mean \"surface\"?"),
    ("[{resume: nothing-like-it}]", "known: surface, detail, judged, hall, door"),
    ("[{snapshot: hall}]", "hall hears and has no pictures; name a pipeline with a camera: surface, detail, judged"),
    ("[{snapshot: voice}]", "voice hears and has no pictures"),
    ("[{pause: voice}]", "voice would hear nothing any more, and so no command that resumes it; leave that to the fleet's orders"),
    ("[{resume: voice}]", "while voice is paused it hears no command, so it can't resume itself"),
    ("[{pause: judged}]", "the gate reject acts by what judged sees, and a misheard word must not stop that; remove it"),
    ("[{resume: judged}]", "the gate reject acts by what judged sees, so no command ever pauses it"),
    ("[{pause: door}]", "door listens for what resumes others; paused, it would hear none of it"),
    ("[{pause: surface}, {resume: surface}]", "then[0].pause: the same command resumes surface; remove one of the two"),
    ("[{snapshot: surface}, {pause: surface}]", "then[0].snapshot: the same command pauses surface, and then no frame comes for a picture"),
    ("[{pause: surface}, {snapshot: detail}]", "then[1].snapshot: the same command pauses surface"),
    ("[{pause: surface}, event, {pause: surface}]", "then[2].pause: says the same twice"), ("[event, event]", "then[1]: says the same twice"),
    ("[{pause: surface, snapshot: detail}]", "says several things; write each for itself, as in [{snapshot: PIPELINE}, {pause: PIPELINE}]"),
    ("[snapshot]", "then[0]: say of which pipeline: {snapshot: PIPELINE}"), ("[pause]", "say of which pipeline: {pause: PIPELINE}"),
    ("[evnt]", "\"evnt\" is not known; did you mean \"event\"?"), ("[pase]", "did you mean {pause: PIPELINE}?"),
    ("[reject-it-all]", "expected event, {snapshot: PIPELINE}, {pause: PIPELINE} or {resume: PIPELINE}"),
    ("[{gate: reject}]", "a gate acts by what a camera sees, never by a word that may be misheard"), ("[{event: surface}]", "\"event\" stands by itself"),
    ("[{snapsht: surface}]", "unknown key \"snapsht\" in pipelines.voice.commands[0].then[0]; did you mean \"snapshot\"?"),
    ("[{}]", "then[0]: is empty; write {snapshot: PIPELINE}"), ("[{pause: }]", "then[0].pause: expected text"), ("[[event]]", "then[0]: expected text"),
    ("event", "then: expected a list"), ("[]", "then: is empty; write [event]"),
  ])
  func `what can't follow is refused, with its line and what to do`(then: String, words: String) throws {
    var sample = try Sample()
    sample.then = then
    let mistakes = sample.mistakes()
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("f.yaml:12: ") && mistakes[0].contains(words), "\(mistakes)")
  }

  @Test func `what is paused by a word needs a word that takes it back`() throws {
    var sample = try Sample()
    (sample.then, sample.otherThen) = ("[{pause: surface}]", "[event]")
    let mistakes = sample.mistakes()
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("f.yaml:12: "), "\(mistakes)")
    #expect(mistakes[0].contains("no command resumes surface; add {resume: surface} to one, or leave pausing it to the fleet's orders"))
    // A mistake elsewhere may be why.
    sample.otherThen = "[{resume: surfce}]"
    #expect(sample.mistakes().map { $0.contains("did you mean \"surface\"?") } == [true])
    (sample.then, sample.otherThen) = ("[event]", "[{resume: surface}]")
    #expect(sample.read().warnings.map { $0.message.contains("no command pauses surface, so there is nothing to take back") } == [true])
    sample.then = "[{pause: surface}]"
    #expect(sample.read().warnings.isEmpty && sample.read().configuration != nil)
  }

  @Test func `a pipeline with a mistake of its own is none that is missing`() throws {
    var sample = try Sample()
    sample.then = "[{snapshot: broken}, {snapshot: later}]"
    sample.rest = "  broken: {camera: lin, model: image.swiftlet}\n  later: {camera: line, model: image.swiftlet}"
    let mistakes = sample.mistakes()
    #expect(mistakes.count == 1 && mistakes[0].contains("there is no camera \"lin\""), "\(mistakes)")
  }

  @Test func `without a pipeline with a camera there is nothing to picture`() throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in [("words.swiftlet", HearingPackage.bytes()), ("sounds/a.wav", HearingPackage.spokenWAV)] {
      _ = try folder.file(name, bytes)
    }
    let text = """
      device: {id: d, site: s}
      storage: {path: state}
      microphones: {desk: {source: "folder:sounds"}}
      pipelines:
        voice: {microphone: desk, model: words.swiftlet, commands: [{say: stop, then: [{snapshot: surface}]}, {say: start, then: [{pause: surface}]}]}

      """
    let mistakes = AgentConfiguration.read(Array(text.utf8), file: folder.path + "/f.yaml").mistakes.map(\.message)
    let words = "there is no pipeline \"surface\"; there is none that it could name; remove it"
    #expect(mistakes.count == 2 && mistakes.allSatisfy { $0.hasSuffix(words) }, "\(mistakes)")
  }
}
