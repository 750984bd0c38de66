public import Pipelines

/// Names messages that will never be delivered, as an event of the pipeline they came from.
public struct GapMessage: Payload, Equatable {
  public static let schema = "swiftlet/gap/1"

  public enum Reason: String, Sendable {
    /// The outbox's share of the disk was used up, and the oldest went first.
    case storageFull = "storage_full"
    /// They were older than the outbox may keep their class.
    case expired
    /// The broker will not take it, now or later.
    case refused
    /// What the disk gave back isn't what was written.
    case damaged
  }

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// The messages' topic and their first and last sequence; the epoch is this message's own.
  public var topic: String
  public var sequences: ClosedRange<UInt64>
  public var reason: Reason

  public init(capturedAt: WallTime, clock: ClockStatus, topic: String, sequences: ClosedRange<UInt64>, reason: Reason) {
    self.capturedAt = capturedAt
    self.clock = clock
    self.topic = topic
    self.sequences = sequences
    self.reason = reason
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", "gap")
    json.member("topic", topic)
    json.member("first_sequence", sequences.lowerBound)
    json.member("last_sequence", sequences.upperBound)
    json.member("reason", reason.rawValue)
  }
}
