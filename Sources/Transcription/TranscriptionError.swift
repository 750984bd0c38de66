/// Why a model can't make text of sound.
public struct TranscriptionError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The output's dimensions don't fit its decoding.
    case unsuitableOutput
    /// The recipe contradicts itself.
    case invalidDecoding
    /// The model's input, or how the manifest says that sound becomes it, can't be used.
    case unsuitableInput
    /// The program can't be loaded or bound.
    case unusableProgram
    /// An expected word that the model can't write.
    case unsuitableHotWord
    /// A phrase that the model can't write.
    case unsuitablePhrase
    /// What finds utterances doesn't go with what writes them down.
    case unsuitableDetector
    /// A look-ahead with which the model can't hear.
    case unsuitableWindow
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
