import ArgumentParser
import CPUExecution
import Glibc
import ModelManifest
import Transcription

/// How the utterances of a sound are found.
struct VoiceActivityOptions: ParsableArguments {
  enum Method: String {
    case energy, none
  }

  @Option(
    help: ArgumentHelp(
      """
      Transcribe only where somebody speaks: 'energy' (what stands above the room's noise), or a package of task voice-activity; 'none' transcribes everything. \
      Unless given it is none for files and energy for microphones.
      """, valueName: "energy|none|model"))
  var voiceActivity: String?

  @Option(help: ArgumentHelp("The silence after which an utterance is over, 0.05 to 10 seconds. (default: 0.6)", valueName: "seconds"))
  var pause: Double?

  func validate() throws {
    if let pause { guard 0.05...10 ~= pause else { throw ValidationError("--pause is 0.05 to 10 seconds") } }
  }

  /// - Parameters:
  ///   - model: what messages call the speech model.
  ///   - standard: how utterances are found unless the user says.
  /// - Returns: nil where the whole sound is to be transcribed.
  func search(for speech: any SpeechRecogniser, of model: String, unlessGiven standard: Method = .none) throws -> UtteranceSearch? {
    guard let detector = try detector(voiceActivity ?? standard.rawValue, for: speech, of: model) else {
      guard pause == nil else { throw CommandFailure("--pause ends utterances: say by --voice-activity how they are found", status: .wrongUse) }
      return nil
    }
    var rules = EndpointRules()
    rules.longest = min(rules.longest, .seconds(speech.greatestLength) / speech.sampleRate)
    if let pause { rules.silence = .seconds(pause) }
    guard rules.fit(detector) else {
      throw CommandFailure(
        "\(voiceActivity ?? standard.rawValue) hears \(detector.chunkLength) samples at a time, too many for the \(rules.longest) that \(model) takes at once",
        status: .wrongUse)
    }
    return UtteranceSearch(detector: detector, rules: rules)
  }

  private func detector(_ name: String, for speech: any SpeechRecogniser, of model: String) throws -> (any VoiceActivityDetector)? {
    switch Method(rawValue: name) {
    case Method.none?: return nil
    case .energy?:
      guard speech.sampleRate >= 8000 else {
        throw CommandFailure(
          "\(model) hears \(speech.sampleRate) samples a second, too few to find speech by energy: --voice-activity none, or a model", status: .wrongUse)
      }
      return EnergyVoiceActivityDetector(sampleRate: speech.sampleRate)
    case nil:
      guard unsafe access(name, F_OK) == 0 else {
        throw CommandFailure("--voice-activity takes energy, none or a package, and there is no file \(name)", status: .wrongUse)
      }
      guard try FileStart.isPackage(name) else {
        throw CommandFailure("\(name) is a model file: compile it with its recipe first, or write 'energy'", status: .wrongUse)
      }
      let detector = try NeuralVoiceActivityDetector<CPUBackend>(ModelPackage(contentsOf: name), options: CPUOptions(threads: 1))
      guard detector.sampleRate == speech.sampleRate else {
        throw CommandFailure("\(name) hears \(detector.sampleRate) samples a second, \(model) \(speech.sampleRate): both must hear the same", status: .wrongUse)
      }
      return detector
    }
  }
}

/// What finds utterances, and when they are over.
struct UtteranceSearch {
  let detector: any VoiceActivityDetector
  let rules: EndpointRules

  func cutter() -> UtteranceCutter { UtteranceCutter(detector, rules: rules) }
}
