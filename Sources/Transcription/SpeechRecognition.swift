public import Inference
public import ModelManifest

/// Models that write down what they hear, of every kind: CTC, token by token, and single words.
public enum SpeechRecognition {
  /// Below it a model of single words writes none, unless it is told otherwise.
  public static let leastWordProbability: Float = 0.5

  /// Whether a class of a model of single words is one, and doesn't stand for what is none, as the data sets of commands have them.
  public static func isWord(_ label: String) -> Bool { !["silence", "unknown", "_silence_", "_unknown_"].contains(label) }

  /// - Parameters:
  ///   - search: how a CTC model's text is found; the other kinds have one way only.
  ///   - window: how a CTC model hears sound window by window; nil where it hears each piece at once, as the other kinds do.
  /// - Throws: where the package hears nothing, or isn't one that this can run, naming it.
  public static func recogniser<Engine: Backend & ~Copyable>(
    _ package: ModelPackage, on engine: Engine.Type, options: Engine.Options, search: CTCSearch = .greedy, window: HearingWindow? = nil
  ) throws(TranscriptionError) -> any SpeechRecogniser {
    // What hears nothing says so, whatever is asked for.
    if let window, package.manifest.task == .transcription || package.manifest.sound != nil {
      guard case .ctc? = package.manifest.decoding else {
        throw TranscriptionError(.unsuitableWindow, "\(package.origin): hears each utterance at once: a look-ahead is for CTC models")
      }
      guard search == .greedy else {
        throw TranscriptionError(.unsuitableWindow, "\(package.origin): with a look-ahead the best symbol of each frame is taken: no beam and no phrases")
      }
      return try WindowedSpeechModel(SpeechModel<Engine>(package, options: options), window, named: package.origin)
    }
    switch package.manifest.decoding {
    case .classification?: return try SoundClassifier<Engine>(package, options: options)
    case .stepwise?: return try StepwiseSpeechModel<Engine>(package, options: options)
    default: return try SpeechModel<Engine>(package, options: options, search: search)
    }
  }
}
