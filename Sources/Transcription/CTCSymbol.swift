/// A symbol of a text that a CTC decoder found.
public struct CTCSymbol: Equatable, Sendable {
  /// Index into the alphabet.
  public var index: Int
  /// The frame in which it began.
  public var frame: Int

  public init(index: Int, frame: Int) {
    self.index = index
    self.frame = frame
  }
}
