/// A piece of a sound that goes on.
public struct SoundPiece: Equatable, Sendable {
  public var samples: [Float]
  /// Of its first sample, since the sound's beginning.
  public var position: Int

  public init(samples: [Float], position: Int) {
    self.samples = samples
    self.position = position
  }
}

/// Cuts sound that is heard now into pieces that a model can take, as it comes: at quiet places, and wherever samples are missing, as what
/// stands on the two sides of a gap is no one sound.
///
/// This is all that live hearing knows of where speech begins and ends. Whatever tells that better takes its place: samples and their positions
/// in, pieces out.
public struct LiveCutter {
  private var cutter: QuietCutter
  /// Of the first sample that the cutter holds, and of the one that comes next.
  private var start = 0
  private var end = 0
  /// Pieces before a gap.
  private var ready: [SoundPiece] = []

  /// - Parameters:
  ///   - greatestLength: samples of a piece.
  ///   - sampleRate: samples a second.
  /// - Precondition: a piece may be 0.8 s or longer.
  public init(greatestLength: Int, sampleRate: Int) {
    cutter = QuietCutter(greatestLength: greatestLength, sampleRate: sampleRate)
  }

  /// Takes what comes next.
  /// - Parameter position: of the first of `samples`; more than what came by now is a gap.
  public mutating func add(_ samples: [Float], at position: Int) {
    if position != end {
      while let piece = takeNext() { ready.append(piece) }
      if let piece = takeLast() { ready.append(piece) }
      (start, end) = (position, position)
    }
    cutter.add(samples)
    end += samples.count
  }

  /// The next piece, once it is known where it ends; nil until more is added.
  public mutating func nextPiece() -> SoundPiece? {
    ready.isEmpty ? takeNext() : ready.removeFirst()
  }

  /// What is left at the end of the sound, once `nextPiece` gives nothing; nil where nothing is.
  public mutating func lastPiece() -> SoundPiece? { takeLast() }

  private mutating func takeNext() -> SoundPiece? { placed(cutter.nextPiece()) }
  private mutating func takeLast() -> SoundPiece? { placed(cutter.lastPiece()) }

  private mutating func placed(_ samples: [Float]?) -> SoundPiece? {
    guard let samples else { return nil }
    defer { start += samples.count }
    return SoundPiece(samples: samples, position: start)
  }
}
