import CPUExecution
import Hearing
import Transcription

/// What of a sound that goes on is transcribed at once: utterances, or pieces between quiet places.
struct LiveSegmentation {
  struct Piece {
    let samples: [Float]
    /// Of its first sample, since the sound's beginning.
    let position: Int
    /// The mean probability of speech; nil where nobody asked.
    let speechProbability: Float?
  }

  /// Seconds of a piece between quiet places, unless the model takes less at once: half of it at least is waited for before a line.
  private static let longestPiece = 8

  private var quiet: LiveCutter
  private var utterances: UtteranceCutter?
  /// Of the sample that comes next.
  private var next = 0

  init(by search: UtteranceSearch?, for speech: any SpeechRecogniser) {
    quiet = LiveCutter(greatestLength: min(speech.greatestLength, Self.longestPiece * speech.sampleRate), sampleRate: speech.sampleRate)
    utterances = search?.cutter()
  }

  /// Takes what comes next.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap, over which no piece goes.
  mutating func add(_ samples: [Float], at position: Int) {
    guard utterances != nil else { return quiet.add(samples, at: position) }
    if position != next { utterances!.end(next: position) }
    next = position + samples.count
    utterances!.add(samples)
  }

  /// The next piece, once it is known where it ends; nil until more is added.
  mutating func nextPiece() -> Piece? {
    guard utterances != nil else { return quiet.nextPiece().map(Self.piece) }
    return utterances!.nextUtterance().map { Piece(samples: $0.samples, position: $0.start, speechProbability: $0.probability) }
  }

  /// What is left at the end of the sound, piece by piece, once `nextPiece` gives nothing.
  mutating func lastPiece() -> Piece? {
    guard utterances != nil else { return quiet.lastPiece().map(Self.piece) }
    utterances!.end(next: next)
    return nextPiece()
  }

  private static func piece(_ piece: SoundPiece) -> Piece { Piece(samples: piece.samples, position: piece.position, speechProbability: nil) }
}
