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
    guard case .stepwise? = package.manifest.decoding else { return try SpeechModel<CPUBackend>(package, options: options, search: search) }
    guard case .greedy = search else {
      throw CommandFailure("\(model) writes token by token: --beam and --hot-word are for CTC models", status: .wrongUse)
    }
    return try StepwiseSpeechModel<CPUBackend>(package, options: options)
  }
}
