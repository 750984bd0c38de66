/// Why something can't be said in Sparkplug, or what came can't be used.
public struct SparkplugError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// A group, edge node, device or host id that can't stand in a topic.
    case invalidIdentifier
    /// Metrics that can't be born: a name that is empty, twice there or the specification's own.
    case invalidMetrics
    /// Data for a device that isn't born, or is dead.
    case unknownDevice
    /// Data for a metric that its birth didn't name, or of another type than there.
    case unknownMetric
    /// Nothing may be published at the moment: there is no session, or the primary host is offline.
    case notInSession
    /// Bytes that are no Sparkplug payload.
    case malformedPayload
    /// A payload beyond the limits of the reader.
    case payloadTooLarge
    /// A STATE message that isn't the JSON of the specification.
    case malformedState
    /// A STATE message older than one that came before it.
    case staleState
    /// A command for something that can't be commanded.
    case unknownCommand
    /// A message on a topic that this edge node doesn't listen to.
    case unexpectedTopic
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
