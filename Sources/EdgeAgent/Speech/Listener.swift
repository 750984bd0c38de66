import CPUExecution
import ModelManifest
import SoundCapture
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

  /// - Throws: `model`, where a package can't be used for what the settings say; the message says what to do, and `setting` what is to be changed.
  /// - Parameter open: gives the package of a path. Default: the file as it lies there, for a look at it.
  init(
    _ settings: SpeechPipelineSettings,
    opening open: (String) throws(ModelPackageError) -> ModelPackage = { (path) throws(ModelPackageError) in try ModelPackage(contentsOf: path) }
  ) throws(EdgeAgentError) {
    self.settings = settings
    guard let path = settings.model.path else {
      throw EdgeAgentError(.model, "there is no package of ‘\(settings.model.name ?? "")’ in the store; copy it there, or write its path")
    }
    let package: ModelPackage
    do throws(ModelPackageError) { package = try open(path) } catch { throw EdgeAgentError(.model, error.description) }
    manifest = package.manifest
    try Self.checkTask(package)
    try Self.checkCommands(settings, manifest, origin: package.origin)
    do throws(TranscriptionError) {
      speech = try SpeechRecognition.recogniser(
        package, on: CPUBackend.self, options: CPUOptions(threads: 1), search: Self.search(settings, package.manifest),
        window: settings.lookAhead.map { HearingWindow(lookAhead: $0) })
    } catch { throw EdgeAgentError(.model, error.message, setting: Self.setting(error.code)) }
    guard MicrophoneSettings.sampleRates ~= speech.sampleRate else {
      throw EdgeAgentError(.model, "\(path): hears \(speech.sampleRate) samples a second, which no microphone gives: 1000 to 192000 can be had")
    }
    do throws(TranscriptionError) { search = try Self.utteranceSearch(settings, speech, path, open) } catch {
      throw EdgeAgentError(.model, error.message, setting: "voice_activity")
    }
    guard speech.tellsWords || settings.commands.allSatisfy({ $0.leastConfidence == 0 }) else {
      throw EdgeAgentError(
        .model,
        "\(path): doesn't tell how sure it is of its words: write \"confidence: 0\" in each of the commands, or take a CTC model or one of single words",
        setting: "commands")
    }
  }

  private static func setting(_ code: TranscriptionError.Code) -> String? {
    switch code {
    case .unsuitablePhrase: "commands"
    case .unsuitableWindow: "look_ahead"
    default: nil
    }
  }

  /// How long the sound can be that the model hears at once.
  var longestUtterance: Duration {
    let longest = Duration.seconds(speech.greatestLength) / speech.sampleRate
    return search.map { min($0.rules.longest, longest) } ?? longest
  }

  /// Whether each piece of sound counts as a word of its own, as a model of single words hears it.
  var takesPiecesForWords: Bool { search == nil && manifest.task == .classification }

  /// Samples a second that it takes.
  var sampleRate: Int { speech.sampleRate }

  func transcriber() -> LiveTranscriber {
    LiveTranscriber(speech, utterancesBy: search, pace: settings.tellsPartialResults ? StreamingTranscriber.Pace() : nil)
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
  static func checkCommands(_ settings: SpeechPipelineSettings, _ manifest: Manifest, origin: String) throws(EdgeAgentError) {
    guard settings.voiceActivity != .none || settings.commands.isEmpty || manifest.task == .classification else {
      throw EdgeAgentError(
        .model, "where what is said ends, and with it a command, isn't known without voice activity: remove \"none\", or the commands",
        setting: "voice_activity")
    }
    let phrases = settings.commands.flatMap(\.phrases)
    switch manifest.decoding {
    case .ctc(let decoding)?:
      let letters = Set(decoding.alphabet.joined())
      for phrase in phrases {
        let text = phrase.joined(separator: " ")
        // What it writes is compared in lower case.
        guard let letter = text.first(where: { !letters.contains($0) && !letters.contains(Self.capital($0)) }) else { continue }
        throw EdgeAgentError(
          .model, "\(origin): can't write '\(letter)', as the command \"\(text)\" needs; its alphabet is '\(decoding.alphabet.joined())'",
          setting: "commands")
      }
    case let decoding:
      guard settings.vocabulary == .open else {
        throw EdgeAgentError(.model, "\(origin): \"vocabulary: commands\" is for CTC models; remove it", setting: "vocabulary")
      }
      guard case .classification? = decoding else { return }
      let known = manifest.labels.filter { SpeechRecognition.isWord($0) }
      let labels = Set(known.map { SpeechNormalisation.words($0) })
      let unknown = phrases.filter { !labels.contains($0) }.map { "\"\($0.joined(separator: " "))\"" }
      guard unknown.isEmpty else {
        let words = "the \(unknown.count == 1 ? "command" : "commands") \(unknown.joined(separator: ", "))"
        throw EdgeAgentError(.model, "\(origin): doesn't know \(words); it knows: \(known.joined(separator: ", "))", setting: "commands")
      }
      let least = Double(SpeechRecognition.leastWordProbability)
      guard settings.commands.allSatisfy({ $0.leastConfidence >= least }) else {
        throw EdgeAgentError(
          .model, "\(origin): writes no word of which it is less sure than \(least): write that or more as each command's \"confidence\"",
          setting: "commands")
      }
    }
  }

  /// The capital letter where there is one.
  private static func capital(_ letter: Character) -> Character {
    let text = letter.uppercased()
    return text.count == 1 ? Character(text) : letter
  }

  /// Each command with the confidence that it asks for, in the letters of the model.
  static func search(_ settings: SpeechPipelineSettings, _ manifest: Manifest) -> CTCSearch {
    guard settings.vocabulary == .commands, case .ctc(let decoding)? = manifest.decoding else { return .greedy }
    let letters = Set(decoding.alphabet.joined())
    return .phrases(
      settings.commands.flatMap { command in
        command.phrases.map { words in
          let text = words.joined(separator: " ").map { letters.contains($0) ? $0 : capital($0) }
          return SoughtPhrase(String(text), leastConfidence: Float(command.leastConfidence))
        }
      })
  }

  private static func utteranceSearch(
    _ settings: SpeechPipelineSettings, _ speech: any SpeechRecogniser, _ model: String, _ open: (String) throws(ModelPackageError) -> ModelPackage
  ) throws(TranscriptionError) -> UtteranceSearch? {
    switch settings.voiceActivity {
    case .none: return nil
    case .energy: return try .byEnergy(for: speech, named: model, pause: settings.pause)
    case .package(let path):
      let package: ModelPackage
      do throws(ModelPackageError) { package = try open(path) } catch { throw TranscriptionError(.unsuitableDetector, error.description) }
      let detector = try NeuralVoiceActivityDetector<CPUBackend>(package, options: CPUOptions(threads: 1))
      return try UtteranceSearch(detector, named: path, for: speech, named: model, pause: settings.pause)
    }
  }
}
