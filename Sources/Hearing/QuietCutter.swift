/// Cuts long sound into pieces that a model can take, at quiet places, as the sound comes.
///
/// The rule: what fits into one piece stays whole. Where more has come, the piece ends within the second half of its greatest length, in the
/// middle of the 200 ms with the least energy (in steps of 10 ms; the earliest of equals). Nothing is lost and nothing comes twice; no more
/// than one piece and what was added last is kept.
public struct QuietCutter {
  /// Samples.
  public let greatestLength: Int
  private let step: Int
  private static let stepsOfQuiet = 20
  private var samples: [Float] = []

  /// - Parameters:
  ///   - greatestLength: samples of a piece.
  ///   - sampleRate: samples a second.
  /// - Precondition: a piece may be 0.8 s or longer.
  public init(greatestLength: Int, sampleRate: Int) {
    step = max(1, sampleRate / 100)
    precondition(greatestLength >= 4 * Self.stepsOfQuiet * step)
    self.greatestLength = greatestLength
  }

  /// Takes what comes next.
  public mutating func add(_ next: [Float]) { samples += next }

  /// The next piece, once it is known where it ends; nil until more is added.
  public mutating func nextPiece() -> [Float]? {
    samples.count > greatestLength ? take(quietPlace()) : nil
  }

  /// What is left at the end of the sound, no longer than a piece once `nextPiece` gives nothing; nil where nothing is.
  public mutating func lastPiece() -> [Float]? {
    samples.isEmpty ? nil : take(samples.count)
  }

  private mutating func take(_ count: Int) -> [Float] {
    let piece = Array(samples[..<count])
    samples.removeSubrange(..<count)
    return piece
  }

  /// Where the piece at the front ends.
  private func quietPlace() -> Int {
    let first = greatestLength / 2
    let energies = (0..<(greatestLength - first) / step).map { index in
      samples[first + index * step..<first + (index + 1) * step].reduce(0.0) { $0 + Double($1) * Double($1) }
    }
    var (least, quietest) = (Double.infinity, 0)
    for index in 0...energies.count - Self.stepsOfQuiet {
      let energy = energies[index..<index + Self.stepsOfQuiet].reduce(0, +)
      if energy < least { (least, quietest) = (energy, index) }
    }
    return first + (quietest + Self.stepsOfQuiet / 2) * step
  }
}
