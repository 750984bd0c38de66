/// A message to publish, as it stands. MQTT's level 2 is never asked for.
public struct SparkplugMessage: Sendable, Equatable {
  public let topic: String
  public let payload: [UInt8]
  /// True for MQTT's level 1, at least once; false for level 0, at most once. Only deaths of the edge node are 1.
  public let isAtLeastOnce: Bool
  /// Nothing that an edge node publishes is retained.
  public var isRetained: Bool { false }

  init(topic: String, payload: SparkplugPayload, isAtLeastOnce: Bool = false) {
    self.topic = topic
    self.payload = payload.encoded()
    self.isAtLeastOnce = isAtLeastOnce
  }
}

/// What a connection must bring about: to be used for one attempt only. MQTT 5's Clean Start must be set and its session expiry be 0.
public struct SparkplugConnection: Sendable, Equatable {
  /// The NDEATH that the broker publishes should this connection end without a word.
  public let lastWill: SparkplugMessage
  /// Filters to subscribe to, each at least once (level 1), before `connectionEstablished`.
  public let subscriptions: [String]
  /// The number that ties the will to the NBIRTH of this connection.
  public let birthDeathSequence: UInt8
}

/// What the caller must do next, in the order given.
public enum SparkplugAction: Sendable, Equatable {
  case publish(SparkplugMessage)
  /// End the connection with MQTT 5's reason 0x04 (Disconnect with Will Message) once the publications before it are sent, then
  /// connect anew: the primary host has gone.
  case reconnect
  /// What came was not followed; worth a line in the log.
  case ignored(SparkplugError)
}

/// What becomes of a sample that was handed over.
public enum SparkplugDelivery: Sendable, Equatable {
  /// Publish these now, in this order; none when nothing has changed.
  case publish([SparkplugMessage])
  /// It can't be published now, or older ones wait: append it to the store, to be handed over later as stored.
  case store
}
