import ArgumentParser
import Transcription

/// How a CTC model hears sound while it goes on.
struct LookAheadOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      With a CTC model: hear sound of any length in overlapping windows, each with so much sound behind what it writes, 0.2 to 5 seconds, instead of each piece at once. \
      What is written never changes, and each second costs the same. Where there are long pauses, with --voice-activity. docs/speech.md has figures.
      """, valueName: "seconds"))
  var lookAhead: Double?

  /// nil where pieces are heard at once.
  var window: HearingWindow? { lookAhead.map { HearingWindow(lookAhead: .seconds($0)) } }

  func validate() throws {
    // What is no number, or beyond what a duration can be, is no duration.
    guard let lookAhead else { return }
    guard -1e6...1e6 ~= lookAhead, HearingWindow.lookAheads ~= .seconds(lookAhead) else { throw ValidationError("--look-ahead is 0.2 to 5 seconds") }
  }
}
