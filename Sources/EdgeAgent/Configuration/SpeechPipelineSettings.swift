import Transcription
import YAMLReading

/// `pipelines.NAME` with a microphone: a model that hears, and what becomes of what is said. The name is part of the topics, as a camera
/// pipeline's is.
public struct SpeechPipelineSettings: Equatable, Sendable {
  /// How it is found where somebody speaks.
  public enum VoiceActivity: Equatable, Sendable {
    /// What stands above the room's noise.
    case energy
    /// It isn't: everything is transcribed, in pieces between quiet places.
    case none
    /// By a package of task `voice-activity`.
    case package(String)

    var path: String? {
      if case .package(let path) = self { path } else { nil }
    }
  }

  /// Which texts a CTC model may write.
  public enum Vocabulary: String, CaseIterable, Sendable {
    /// Any.
    case open
    /// The wordings of the commands, and nothing.
    case commands
  }

  public var name: String
  /// `microphone`: a name under `microphones`; required, and no other pipeline's.
  public var microphone: String
  /// `model`: a name in the store (`STORAGE/models`), or a path; required. The fleet's updates don't change it.
  public var model: PipelineSettings.ModelSource
  /// `voice_activity`: `energy`, `none`, or a package's path. Default: `energy`. Commands need one, except with models of single words.
  public var voiceActivity = VoiceActivity.energy
  /// `pause`: the silence after which an utterance is over, 50 ms to 10 s. Default: 600 ms.
  public var pause: Duration?
  /// `partial`: whether what is known of an utterance is told while it is being said. Default: false.
  public var tellsPartialResults = false
  /// `look_ahead`: the sound behind a word that a CTC model waits for, hearing window by window, 200 ms to 5 s. Default: each utterance is heard
  /// at once, when it is over.
  public var lookAhead: Duration?
  /// `commands`: what can be said to make something happen. Default: none.
  public var commands: [SpokenCommand] = []
  /// `vocabulary`: `open`, or `commands` for a CTC model that shall hear its commands or nothing. Default: `open`.
  public var vocabulary = Vocabulary.open

  public init(name: String, microphone: String, modelPath: String) {
    self.init(name: name, microphone: microphone, model: .path(modelPath))
  }

  init(name: String, microphone: String, model: PipelineSettings.ModelSource) {
    (self.name, self.microphone, self.model) = (name, microphone, model)
  }

  /// What a pipeline is read with.
  struct Surroundings {
    let microphones: [String]
    let storage: StorageSettings
    let hasUpdates: Bool
    let encoding: MQTTSettings.Encoding
  }

  /// - Parameter placed: takes what follows its commands.
  static func read(
    _ map: YAMLMapping, name: String, _ surroundings: Surroundings, _ placed: inout [PlacedAction], _ context: ConfigurationContext
  ) -> SpeechPipelineSettings? {
    if map["camera"] != nil { map.report("camera", "pipelines.\(name): has a microphone already; a pipeline has that or a camera") }
    if surroundings.encoding == .sparkplug {
      map.report("microphone", "pipelines.\(name): what is said isn't told by Sparkplug in this version; use mqtt.encoding swiftlet, or take the pipeline out")
    }
    let microphone = map.required("microphone").flatMap { value in
      readName(value, of: "microphone", among: surroundings.microphones)
    }
    let model = map.required("model").flatMap { value -> PipelineSettings.ModelSource? in
      let source = PipelineSettings.readModel(value, surroundings.storage, hasUpdates: false, context)
      if source?.name != nil, surroundings.hasUpdates {
        value.report("\(value.path): models that hear aren't updated by the fleet in this version; write the package's path")
        return nil
      }
      return source
    }
    var settings = SpeechPipelineSettings(name: name, microphone: microphone ?? "", model: model ?? .path(""))
    if let activity = map["voice_activity"].flatMap({ readActivity($0, context) }) { settings.voiceActivity = activity }
    settings.pause = map["pause"]?.duration(in: .milliseconds(50) ... .seconds(10))
    settings.tellsPartialResults = map["partial"]?.bool() ?? false
    settings.lookAhead = map["look_ahead"]?.duration(in: HearingWindow.lookAheads)
    settings.commands = map["commands"].map { SpokenCommand.readList($0, of: name, &placed) } ?? []
    if let vocabulary = map["vocabulary"]?.choice(of: Vocabulary.self) { settings.vocabulary = vocabulary }
    if settings.voiceActivity == .none {
      for key in ["pause", "partial"] where map[key] != nil && (key == "pause" || settings.tellsPartialResults) {
        map.report(key, "pipelines.\(name).\(key): is of utterances; without voice activity there are none: remove it")
      }
    }
    if settings.vocabulary == .commands, map["commands"] == nil {
      map.report("vocabulary", "pipelines.\(name).vocabulary: there are no commands; write them, or remove it")
    }
    if settings.vocabulary == .commands, map["look_ahead"] != nil {
      settings.lookAhead = nil
      map.report(
        "look_ahead", "pipelines.\(name).look_ahead: writes open text; with \"vocabulary: commands\" an utterance is heard at once: remove one of the two")
    }
    guard microphone != nil, let model else { return nil }
    if context.opensModels, model.path != nil { settings.check(map) }
    return settings
  }

  /// Opens the packages.
  private func check(_ map: YAMLMapping) {
    do throws(EdgeAgentError) { _ = try Listener(self) } catch {
      // What isn't written can't be where the mistake is.
      let key = error.setting.flatMap { map[$0] == nil ? nil : $0 } ?? "model"
      map.report(key, "pipelines.\(name).\(key): \(error.message)")
    }
  }

  private static func readName(_ value: YAMLValue, of kind: String, among names: [String]) -> String? {
    guard let name = value.string() else { return nil }
    guard names.contains(name) else {
      let known = names.isEmpty ? "there are none; add \"microphones\"" : "known: \(names.joined(separator: ", "))"
      let hint = nearestName(to: name, among: names).map { "did you mean \"\($0)\"?" } ?? known
      value.report("\(value.path): there is no \(kind) \"\(name)\"; \(hint)")
      return nil
    }
    return name
  }

  private static func readActivity(_ value: YAMLValue, _ context: ConfigurationContext) -> VoiceActivity? {
    switch value.string() {
    case nil: return nil
    case "energy": return .energy
    case "none": return VoiceActivity.none
    case let text? where !text.contains("/") && !text.contains("."):
      let hint = nearestName(to: text, among: ["energy", "none"]).map { "did you mean \"\($0)\"?" } ?? "expected energy, none or a package's path"
      value.report("\(value.path): \"\(text.prefix(80))\" is not known; \(hint)")
      return nil
    default: return context.file(value).map { .package($0) }
    }
  }
}
