public import Inference
public import ModelManifest

/// Models that write down what they hear, of every kind: CTC, token by token, and single words.
public enum SpeechRecognition {
  /// - Parameter search: how a CTC model's text is found; the other kinds have one way only.
  /// - Throws: where the package hears nothing, or isn't one that this can run, naming it.
  public static func recogniser<Engine: Backend & ~Copyable>(
    _ package: ModelPackage, on engine: Engine.Type, options: Engine.Options, search: CTCSearch = .greedy
  ) throws(TranscriptionError) -> any SpeechRecogniser {
    switch package.manifest.decoding {
    case .classification?: try SoundClassifier<Engine>(package, options: options)
    case .stepwise?: try StepwiseSpeechModel<Engine>(package, options: options)
    default: try SpeechModel<Engine>(package, options: options, search: search)
    }
  }
}
