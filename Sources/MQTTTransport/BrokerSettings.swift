import Glibc
import CMosquitto

/// Everything a connection needs to know. Every default is stated here.
public struct BrokerSettings: Sendable {
  /// Files for TLS, all PEM. Used only with `mqtts://`.
  public struct TLSFiles: Sendable, Equatable {
    /// The authorities that may vouch for the broker; nil takes the system's (`/etc/ssl/certs`).
    public var authority: String?
    /// This client's own certificate; needs `key`.
    public var certificate: String?
    /// The certificate's private key, unencrypted.
    public var key: String?

    public init(authority: String? = nil, certificate: String? = nil, key: String? = nil) {
      self.authority = authority
      self.certificate = certificate
      self.key = key
    }
  }

  /// What the broker publishes for this client when it vanishes without a word.
  public struct LastWill: Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var isRetained: Bool

    public init(topic: String, payload: [UInt8], isRetained: Bool = true) {
      self.topic = topic
      self.payload = payload
      self.isRetained = isRetained
    }
  }

  public var address: BrokerAddress
  /// Tried in this order where the one before can't be had.
  public var fallbacks: [BrokerAddress] = []
  /// On a fallback it is looked this often whether `address` accepts connections again; if so, it is gone back to.
  public var returnInterval: Duration = .seconds(300)
  public var clientID: String
  public var username: String?
  public var password: String?
  public var tls = TLSFiles()
  public var lastWill: LastWill?
  /// Silence after which either side asks whether the other is still there; 5 s to 65535 s, whole seconds.
  public var keepAlive: Duration = .seconds(30)
  /// How long the broker keeps subscriptions and undelivered messages for this client after it is gone. Zero: not at all.
  public var sessionExpiry: Duration = .zero
  /// From the first packet to the broker's answer, TLS included.
  public var connectTimeout: Duration = .seconds(10)
  /// First and longest wait between attempts.
  public var backOff: (initial: Duration, limit: Duration) = (.seconds(1), .seconds(60))
  /// A connection that held this long starts the back-off anew when it ends.
  public var stableAfter: Duration = .seconds(10)
  /// Seeds the back-off's jitter; nil takes the system's random source.
  public var jitterSeed: UInt64?
  /// Messages accepted and not yet finished, and the bytes of their payloads and topics.
  public var window: (messages: Int, bytes: Int) = (64, 4 << 20)
  /// Larger incoming packets are declined towards the broker, and dropped should it send one all the same.
  public var incomingLimit = 1 << 20

  public init(address: BrokerAddress, clientID: String) {
    self.address = address
    self.clientID = clientID
  }

  /// Checks what can be known before connecting: ranges, topics, that files open.
  ///
  /// - Throws: `.invalidSettings` or `.tls`, naming the setting or the file.
  public func validate() throws(MQTTTransportError) {
    guard (1...128).contains(clientID.utf8.count), clientID.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
      throw MQTTTransportError(.invalidSettings, "the MQTT client id ‘\(clientID)’ must have 1 to 128 bytes without spaces")
    }
    guard keepAlive >= .seconds(5), keepAlive <= .seconds(65535) else {
      throw MQTTTransportError(.invalidSettings, "the MQTT keep-alive must be from 5 to 65535 seconds")
    }
    guard sessionExpiry >= .zero, sessionExpiry <= .seconds(Int64(UInt32.max)) else {
      throw MQTTTransportError(.invalidSettings, "the MQTT session expiry must be from 0 to 4294967295 seconds")
    }
    guard window.messages > 0, window.messages <= 16384, window.bytes > 0, incomingLimit >= 1024 else {
      throw MQTTTransportError(.invalidSettings, "the MQTT window must have 1 to 16384 messages and room for bytes")
    }
    guard !((username ?? "") + (password ?? "")).utf8.contains(0), (username ?? "").utf8.count <= 65535, (password ?? "").utf8.count <= 65535 else {
      throw MQTTTransportError(.invalidSettings, "the MQTT user name or password is too long or contains a zero byte")
    }
    guard password == nil || username != nil else {
      throw MQTTTransportError(.invalidSettings, "mqtt: has a password but no username; add the username")
    }
    if let lastWill {
      try Topic.checkName(lastWill.topic)
      guard lastWill.payload.count <= 65535 else {
        throw MQTTTransportError(.invalidSettings, "the last will's payload is larger than 65535 bytes")
      }
    }
    guard returnInterval >= .seconds(1) else {
      throw MQTTTransportError(.invalidSettings, "the primary broker can be looked for once a second at most")
    }
    for fallback in fallbacks where fallback.usesTLS != address.usesTLS {
      throw MQTTTransportError(.invalidSettings, "the fallback \(fallback) and \(address) must both be encrypted, or neither")
    }
    try checkTLSFiles()
  }

  /// The same for the one of its addresses that is tried.
  func trying(_ address: BrokerAddress) -> BrokerSettings {
    var settings = self
    settings.address = address
    return settings
  }

  private func checkTLSFiles() throws(MQTTTransportError) {
    guard address.usesTLS else {
      if tls != TLSFiles() {
        throw MQTTTransportError(.invalidSettings, "mqtt: names certificates, but the address begins with mqtt://; write mqtts://")
      }
      return
    }
    guard (tls.certificate == nil) == (tls.key == nil) else {
      throw MQTTTransportError(.tls, "mqtt: needs both ‘certificate’ and ‘key’, or neither; one is missing")
    }
    for (role, path) in [("authority", tls.authority), ("client certificate", tls.certificate), ("client key", tls.key)] {
      guard let path else { continue }
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        let reason = unsafe String(cString: strerror(errno))
        throw MQTTTransportError(.tls, "the \(role) file ‘\(path)’ can't be opened: \(reason); check the path under mqtt: and its permissions")
      }
      _ = close(descriptor)
    }
  }
}

/// MQTT's rules for topic names and filters.
public enum Topic {
  /// - Throws: `.invalidSettings` unless `name` can be published to.
  public static func checkName(_ name: String) throws(MQTTTransportError) {
    guard isText(name), unsafe mosquitto_pub_topic_check(name) == MOSQ_ERR_SUCCESS.rawValue else {
      throw MQTTTransportError(.invalidSettings, "‘\(name)’ is no topic to publish to; expected 1 to 65535 bytes without +, # or zero bytes")
    }
  }

  /// - Throws: `.invalidSettings` unless `filter` can be subscribed to.
  public static func checkFilter(_ filter: String) throws(MQTTTransportError) {
    guard isText(filter), unsafe mosquitto_sub_topic_check(filter) == MOSQ_ERR_SUCCESS.rawValue else {
      throw MQTTTransportError(.invalidSettings, "‘\(filter)’ is no topic filter; + stands for a whole level, # for all that follow, at the end")
    }
  }

  static func matches(_ topic: String, filter: String) -> Bool {
    var isMatch = false
    return unsafe mosquitto_topic_matches_sub(filter, topic, &isMatch) == MOSQ_ERR_SUCCESS.rawValue && isMatch
  }

  private static func isText(_ text: String) -> Bool {
    (1...65535).contains(text.utf8.count) && !text.utf8.contains(0)
  }
}
