import ArgumentParser
import CPUExecution
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

  /// - Parameter model: what messages call the speech model.
  /// - Returns: nil where the whole sound is to be transcribed.
  func detector(
    for speech: any SpeechRecogniser, of model: String, unlessGiven standard: Method = .none
  ) throws -> (any VoiceActivityDetector)? {
    let path = voiceActivity ?? standard.rawValue
    switch Method(rawValue: path) {
    case Method.none?: return nil
    case .energy?:
      guard speech.sampleRate >= 8000 else {
        throw CommandFailure("\(model) hears \(speech.sampleRate) samples a second, too few to find speech by energy: --voice-activity none, or a model")
      }
      return EnergyVoiceActivityDetector(sampleRate: speech.sampleRate)
    case nil:
      guard try FileStart.isPackage(path) else {
        throw CommandFailure("\(path) is a model file: compile it with its recipe first, or write 'energy'", status: .wrongUse)
      }
      let detector = try NeuralVoiceActivityDetector<CPUBackend>(ModelPackage(contentsOf: path), options: CPUOptions(threads: 1))
      guard detector.sampleRate == speech.sampleRate else {
        throw CommandFailure("\(path) hears \(detector.sampleRate) samples a second, \(model) \(speech.sampleRate): both must hear the same")
      }
      return detector
    }
  }
}
