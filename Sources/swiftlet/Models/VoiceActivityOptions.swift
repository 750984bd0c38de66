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
    let pause = pause.map { Duration.seconds($0) }
    let name = voiceActivity ?? standard.rawValue
    let method = Method(rawValue: name)
    guard method != Method.none else {
      guard pause == nil else { throw CommandFailure("--pause ends utterances: say by --voice-activity how they are found", status: .wrongUse) }
      return nil
    }
    let detector = method == nil ? try detector(name) : nil
    do throws(TranscriptionError) {
      guard let detector else { return try .byEnergy(for: speech, named: model, pause: pause) }
      return try UtteranceSearch(detector, named: name, for: speech, named: model, pause: pause)
    } catch { throw CommandFailure(error.message, status: .wrongUse) }
  }

  private func detector(_ name: String) throws -> any VoiceActivityDetector {
    guard unsafe access(name, F_OK) == 0 else {
      throw CommandFailure("--voice-activity takes energy, none or a package, and there is no file \(name)", status: .wrongUse)
    }
    guard try FileStart.isPackage(name) else {
      throw CommandFailure("\(name) is a model file: compile it with its recipe first, or write 'energy'", status: .wrongUse)
    }
    return try NeuralVoiceActivityDetector<CPUBackend>(ModelPackage(contentsOf: name), options: CPUOptions(threads: 1))
  }
}
