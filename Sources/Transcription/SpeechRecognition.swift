public import Inference
public import ModelManifest

/// Models that write down what they hear, of every kind: CTC, token by token, and single words.
public enum SpeechRecognition {
  /// Below it a model of single words writes none, unless it is told otherwise.
  public static let leastWordProbability: Float = 0.5

  /// Whether a class of a model of single words is one, and doesn't stand for what is none, as the data sets of commands have them.
  public static func isWord(_ label: String) -> Bool { !["silence", "unknown", "_silence_", "_unknown_"].contains(label) }

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
