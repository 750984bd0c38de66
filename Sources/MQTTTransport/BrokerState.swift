public import Pipelines

/// Where a connection stands.
public enum BrokerState: Sendable, Equatable {
  /// Made, not started.
  case idle
  /// Trying; attempts are counted from 1 and begin anew with each connection that held.
  case connecting(attempt: Int)
  /// Accepted by the broker.
  case connected(since: MonotonicInstant)
  /// The broker answered, and said no; tried again later, as someone may repair it.
  case refused(ReasonCode, MQTTTransportError, nextAttemptIn: Duration)
  /// No connection came about, or it ended.
  case disconnected(MQTTTransportError, nextAttemptIn: Duration)
  /// Ended by `stop`, for good.
  case stopped

  public var isConnected: Bool {
    if case .connected = self { true } else { false }
  }
}
