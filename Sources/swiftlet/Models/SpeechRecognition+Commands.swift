import CPUExecution
import ModelManifest
import Transcription

extension SpeechRecognition {
  /// - Parameters:
  ///   - model: what messages call it.
  ///   - search: how a CTC model's text is found.
  ///   - window: how a CTC model hears sound window by window; nil where it hears pieces at once.
  static func recogniser(
    _ package: ModelPackage, named model: String, threads: Int, search: CTCSearch = .greedy, window: HearingWindow? = nil
  ) throws -> any SpeechRecogniser {
    switch package.manifest.decoding {
    case .stepwise?, .classification?:
      guard case .greedy = search else {
        throw CommandFailure("\(model) writes no letters: --beam, --hot-word and --phrases are for CTC models", status: .wrongUse)
      }
    default: break
    }
    do throws(TranscriptionError) {
      return try recogniser(package, on: CPUBackend.self, options: CPUOptions(threads: threads), search: search, window: window)
    } catch {
      guard error.code == .unsuitableWindow else { throw error }
      throw CommandFailure(error.message, status: .wrongUse)
    }
  }
}
