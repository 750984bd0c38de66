/// How hard delivery is tried. MQTT's third level isn't offered: its four-way exchange buys nothing where receivers know
/// messages by epoch and sequence.
public enum QualityOfService: Int32, Sendable {
  case atMostOnce = 0
  case atLeastOnce = 1
}

/// A message to publish.
public struct OutgoingMessage: Sendable {
  public var topic: String
  public var payload: [UInt8]
  public var quality: QualityOfService
  /// The broker keeps it and hands it to later subscribers.
  public var isRetained: Bool
  public var contentType: String?
  public var responseTopic: String?
  public var correlationData: [UInt8]?
  public var userProperties: [UserProperty]
  /// After this the broker no longer hands it to subscribers that were away; nil: however long that was. Whole seconds.
  public var expiry: Duration?

  public init(
    topic: String, payload: [UInt8], quality: QualityOfService = .atLeastOnce, isRetained: Bool = false, contentType: String? = nil,
    responseTopic: String? = nil, correlationData: [UInt8]? = nil, userProperties: [UserProperty] = [], expiry: Duration? = nil
  ) {
    self.topic = topic
    self.payload = payload
    self.quality = quality
    self.isRetained = isRetained
    self.contentType = contentType
    self.responseTopic = responseTopic
    self.correlationData = correlationData
    self.userProperties = userProperties
    self.expiry = expiry
  }
}

/// A name and a value that travel with a message.
public struct UserProperty: Sendable, Equatable {
  public let name: String
  public let value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A message that came for a subscription. The topic is valid UTF-8; the payload is bytes that nobody has checked.
public struct IncomingMessage: Sendable, Equatable {
  public let topic: String
  public let payload: [UInt8]
  public let quality: Int
  /// It was waiting at the broker, published before the subscription; with `keepingRetainFlag`, also that it is to wait there from now on.
  public let isRetained: Bool
  public let contentType: String?
  public let responseTopic: String?
  public let correlationData: [UInt8]?
  /// At most 32 of them; more are left out.
  public let userProperties: [UserProperty]
}

/// What became of a published message.
public enum DeliveryOutcome: Sendable, Equatable {
  /// The broker has it (at least once), or, at most once, it was given to the network.
  case acknowledged
  /// The broker acknowledged with a failure: it doesn't have the message, and says why.
  case refused(ReasonCode)
  /// The connection ended first; the broker may have the message or not.
  case lost
}

/// What became of a subscription on the present connection.
public enum SubscriptionOutcome: Sendable, Equatable {
  case granted
  case refused(ReasonCode)
}
