/// Connectionist temporal classification (Graves et al. 2006): scores or log-probabilities `[1, frames, symbols]`; a text is what
/// remains of a path of symbols when repetitions are merged and blanks dropped.
public struct CTCDecoding: Codable, Equatable, Sendable {
  public var output: String
  /// The symbols' texts by their index; the blank's is not among them.
  public var alphabet: [String]
  /// The index of the blank; symbols behind it move up by one.
  public var blank: Int

  public init(output: String, alphabet: [String], blank: Int) {
    self.output = output
    self.alphabet = alphabet
    self.blank = blank
  }
}
