/// How a CTC model hears sound that goes on: in windows, each with sound before what is written by it and sound behind.
///
/// A symbol is written once so much sound has come behind it, and never changed. The longer the look-ahead, the nearer is the text to that of the
/// whole sound, and the less it costs.
public struct HearingWindow: Equatable, Sendable {
  /// The look-aheads that may be asked for.
  public static let lookAheads = Duration.milliseconds(200)...Duration.seconds(5)

  /// The least sound behind a symbol before it is written.
  public var lookAhead: Duration
  /// Sound before what a window writes.
  public var context = Duration.seconds(2)

  public init(lookAhead: Duration) { self.lookAhead = lookAhead }

  /// Sound from one window to the next.
  public var step: Duration { lookAhead / 2 }
}
