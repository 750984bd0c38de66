/// What was said in a piece of sound.
public struct Transcript: Equatable, Sendable {
  public var text: String
  /// The words with their times; nil where the model tells none.
  public var words: [TimedWord]?
  /// The numbers of the tokens that were chosen, special ones too; nil for a model without tokens.
  public var tokens: [Int]?
  /// What a model of an encoder and a decoder's step took for its parts; nil for others.
  public var stages: StageTimes?
  /// Whether a model wrote until it was stopped, for as much sound can't say more: the end may be missing, or invented.
  public var isCut: Bool

  public init(text: String, words: [TimedWord]? = nil, tokens: [Int]? = nil, stages: StageTimes? = nil, isCut: Bool = false) {
    self.isCut = isCut
    self.stages = stages
    self.text = text
    self.words = words
    self.tokens = tokens
  }
}

/// How long the parts of hearing a piece of sound took.
public struct StageTimes: Equatable, Sendable {
  /// Fitting the programs to the sound's length.
  public var binding: Duration
  public var encoder: Duration
  /// All tokens together.
  public var decoder: Duration

  public init(binding: Duration = .zero, encoder: Duration = .zero, decoder: Duration = .zero) {
    self.binding = binding
    self.encoder = encoder
    self.decoder = decoder
  }

  public static func + (a: StageTimes, b: StageTimes) -> StageTimes {
    StageTimes(binding: a.binding + b.binding, encoder: a.encoder + b.encoder, decoder: a.decoder + b.decoder)
  }
}

/// A model in memory that writes down what it hears. One thread at a time.
public protocol SpeechRecogniser: AnyObject {
  /// Samples a second that it takes.
  var sampleRate: Int { get }
  /// Whether its transcripts have words with times; else they have tokens.
  var tellsWords: Bool { get }
  /// Samples of the longest piece that it takes at once.
  var greatestLength: Int { get }

  /// What is said in a piece of sound.
  /// - Parameters:
  ///   - samples: mono, at `sampleRate`; `greatestLength` at most. Silence is added at the end of what is too short for the model.
  ///   - origin: when the piece begins; the words' times count from there.
  func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript
}
