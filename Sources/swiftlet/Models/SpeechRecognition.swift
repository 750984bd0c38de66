import CPUExecution
import ModelManifest
import Transcription

/// Models that write down what they hear, of every kind.
enum SpeechRecognition {
  /// - Parameters:
  ///   - model: what messages call it.
  ///   - search: how a CTC model's text is found.
  static func recogniser(
    _ package: ModelPackage, named model: String, threads: Int, search: CTCSearch = .greedy
  ) throws -> any SpeechRecogniser {
    let options = CPUOptions(threads: threads)
    switch package.manifest.decoding {
    case .stepwise?, .classification?:
      guard case .greedy = search else {
        throw CommandFailure("\(model) writes no letters: --beam and --hot-word are for CTC models", status: .wrongUse)
      }
      if case .classification? = package.manifest.decoding { return try SoundClassifier<CPUBackend>(package, options: options) }
      return try StepwiseSpeechModel<CPUBackend>(package, options: options)
    default: return try SpeechModel<CPUBackend>(package, options: options, search: search)
    }
  }
}
