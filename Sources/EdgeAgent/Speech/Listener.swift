import CPUExecution
import ModelManifest
import Transcription

/// A speech pipeline's models in memory, fit for each other and for its commands. One thread at a time; its sessions have one thread each.
final class Listener: @unchecked Sendable {
  let settings: SpeechPipelineSettings
  let manifest: Manifest
  private let speech: any SpeechRecogniser
  private let search: UtteranceSearch?

  /// As it is; for tests.
  init(_ settings: SpeechPipelineSettings, _ manifest: Manifest, _ speech: any SpeechRecogniser, _ search: UtteranceSearch?) {
    (self.settings, self.manifest, self.speech, self.search) = (settings, manifest, speech, search)
  }

  /// - Throws: `model`, where a package can't be used for what the settings say; the message says what to do.
  init(_ settings: SpeechPipelineSettings) throws(EdgeAgentError) {
    self.settings = settings
    guard let path = settings.model.path else {
      throw EdgeAgentError(.model, "there is no package of ‘\(settings.model.name ?? "")’ in the store; copy it there, or write its path")
    }
    let package = try Self.open(path)
    manifest = package.manifest
    try Self.checkTask(package)
    try Self.checkCommands(settings, package)
    do throws(TranscriptionError) {
      speech = try SpeechRecognition.recogniser(package, on: CPUBackend.self, options: CPUOptions(threads: 1), search: Self.search(settings))
      search = try Self.utteranceSearch(settings, speech, path)
    } catch { throw EdgeAgentError(.model, error.message) }
    guard speech.tellsWords || settings.commands.allSatisfy({ $0.leastConfidence == 0 }) else {
      throw EdgeAgentError(
        .model, "\(path): doesn't tell how sure it is of its words: write \"confidence: 0\" in each of the commands, or take a CTC model or one of single words"
      )
    }
  }

  /// Samples a second that it takes.
  var sampleRate: Int { speech.sampleRate }

  func transcriber() -> LiveTranscriber {
    LiveTranscriber(speech, utterancesBy: search, pace: settings.tellsPartialResults ? StreamingTranscriber.Pace() : nil)
  }

  private static func open(_ path: String) throws(EdgeAgentError) -> ModelPackage {
    do throws(ModelPackageError) { return try ModelPackage(contentsOf: path) } catch { throw EdgeAgentError(.model, error.description) }
  }

  private static func checkTask(_ package: ModelPackage) throws(EdgeAgentError) {
    let manifest = package.manifest
    switch manifest.task {
    case .transcription: return
    case .classification where manifest.sound != nil: return
    case .voiceActivity:
      throw EdgeAgentError(.model, "\(package.origin): only tells when somebody speaks: name it under \"voice_activity\", and a model that transcribes here")
    case .classification, .detection, .raw:
      throw EdgeAgentError(
        .model,
        "\(package.origin): is for \(manifest.task.rawValue) and hears nothing: a microphone's pipeline needs a model that transcribes or tells words apart")
    }
  }

  /// A command that can never be heard is a mistake.
  private static func checkCommands(_ settings: SpeechPipelineSettings, _ package: ModelPackage) throws(EdgeAgentError) {
    let phrases = settings.commands.flatMap(\.phrases)
    switch package.manifest.decoding {
    case .ctc(let decoding)?:
      let letters = Set(decoding.alphabet.joined())
      for phrase in phrases {
        let text = phrase.joined(separator: " ")
        guard let letter = text.first(where: { !letters.contains($0) }) else { continue }
        throw EdgeAgentError(
          .model, "\(package.origin): can't write '\(letter)', as the command \"\(text)\" needs; its alphabet is '\(decoding.alphabet.joined())'")
      }
    case let decoding:
      guard settings.vocabulary == .open else {
        throw EdgeAgentError(.model, "\(package.origin): \"vocabulary: commands\" is for CTC models; remove it")
      }
      guard case .classification? = decoding else { return }
      let labels = Set(package.manifest.labels.map { SpeechNormalisation.words($0) })
      for phrase in phrases where !labels.contains(phrase) {
        throw EdgeAgentError(
          .model,
          "\(package.origin): doesn't know the command \"\(phrase.joined(separator: " "))\"; it knows: \(package.manifest.labels.joined(separator: ", "))")
      }
    }
  }

  private static func search(_ settings: SpeechPipelineSettings) -> CTCSearch {
    guard settings.vocabulary == .commands else { return .greedy }
    return .phrases(
      settings.commands.flatMap { command in
        command.phrases.map { SoughtPhrase($0.joined(separator: " "), leastConfidence: Float(command.leastConfidence)) }
      })
  }

  private static func utteranceSearch(
    _ settings: SpeechPipelineSettings, _ speech: any SpeechRecogniser, _ model: String
  ) throws(TranscriptionError) -> UtteranceSearch? {
    switch settings.voiceActivity {
    case .none: return nil
    case .energy: return try .byEnergy(for: speech, named: model, pause: settings.pause)
    case .package(let path):
      let package: ModelPackage
      do throws(ModelPackageError) { package = try ModelPackage(contentsOf: path) } catch { throw TranscriptionError(.unsuitableDetector, error.description) }
      let detector = try NeuralVoiceActivityDetector<CPUBackend>(package, options: CPUOptions(threads: 1))
      return try UtteranceSearch(detector, named: path, for: speech, named: model, pause: settings.pause)
    }
  }
}
