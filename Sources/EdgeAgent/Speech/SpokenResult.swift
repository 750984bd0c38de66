import Outbox
import Pipelines

/// What a speech pipeline has to tell: a text, and the command in it.
struct SpokenResult: Sendable {
  var pipeline: SpeechDescription
  var transcript: TranscriptMessage
  /// Only of a final text.
  var command: SpokenCommandMessage?
  /// When the last of it was said.
  var endedAt = MonotonicClock.now()
  /// What follows the command, in this order.
  var actions: [SpokenCommand.Action] = []
}
