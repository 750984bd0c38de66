import CPUExecution
import ModelManifest
import Transcription

extension SpeechRecognition {
  /// - Parameters:
  ///   - model: what messages call it.
  ///   - search: how a CTC model's text is found.
  static func recogniser(
    _ package: ModelPackage, named model: String, threads: Int, search: CTCSearch = .greedy
  ) throws -> any SpeechRecogniser {
    switch package.manifest.decoding {
    case .stepwise?, .classification?:
      guard case .greedy = search else {
        throw CommandFailure("\(model) writes no letters: --beam, --hot-word and --phrases are for CTC models", status: .wrongUse)
      }
    default: break
    }
    return try recogniser(package, on: CPUBackend.self, options: CPUOptions(threads: threads), search: search)
  }
}
