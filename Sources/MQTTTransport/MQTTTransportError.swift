/// Why a broker can't be reached, or a message can't be sent.
public struct MQTTTransportError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// An address, topic, filter, client id or other setting that can't be used.
    case invalidSettings
    /// A certificate, key or authority file that can't be read, or TLS could not be agreed on.
    case tls
    /// The broker's name can't be resolved.
    case unknownHost
    /// No connection came about in time, or the network refused it.
    case unreachable
    /// The broker answered with what MQTT forbids.
    case protocolViolation
    /// The broker refused the connection by a reason code.
    case refused
    /// An established connection ended.
    case connectionLost
    /// Nothing can be sent: there is no connection at the moment.
    case notConnected
    /// As much is unacknowledged as the window allows; try again when deliveries finish.
    case windowFull
    /// A message larger than the window or MQTT allows.
    case messageTooLarge
    /// The system gave no thread, descriptor or memory.
    case noResources
    /// Ended on request.
    case stopped
  }

  public let code: Code
  /// What was wrong and what to do, for a person, in one line.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
