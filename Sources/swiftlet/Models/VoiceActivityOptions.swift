import ArgumentParser
import CPUExecution
import ModelManifest
import Transcription

/// How the utterances of a sound are found.
struct VoiceActivityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Transcribe only where somebody speaks: 'energy' (what stands above the room's noise), or a package of task voice-activity.", valueName: "energy|model"))
  var voiceActivity: String?

  /// - Parameter model: what messages call the speech model.
  /// - Returns: nil where the whole sound is to be transcribed.
  func detector(for speech: SpeechModel<CPUBackend>, of model: String) throws -> (any VoiceActivityDetector)? {
    guard let voiceActivity else { return nil }
    guard voiceActivity != "energy" else {
      guard speech.sampleRate >= 8000 else {
        throw CommandFailure("\(model) hears \(speech.sampleRate) samples a second, too few for --voice-activity energy: 8000 at least")
      }
      return EnergyVoiceActivityDetector(sampleRate: speech.sampleRate)
    }
    guard try FileStart.isPackage(voiceActivity) else {
      throw CommandFailure("\(voiceActivity) is a model file: compile it with its recipe first, or write 'energy'", status: .wrongUse)
    }
    let detector = try NeuralVoiceActivityDetector<CPUBackend>(ModelPackage(contentsOf: voiceActivity), options: CPUOptions(threads: 1))
    guard detector.sampleRate == speech.sampleRate else {
      throw CommandFailure("\(voiceActivity) hears \(detector.sampleRate) samples a second, \(model) \(speech.sampleRate): both must hear the same")
    }
    return detector
  }
}
