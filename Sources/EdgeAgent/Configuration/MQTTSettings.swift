public import MQTTTransport
import YAMLReading

/// `mqtt`: the broker. Without this section results stay in the local outbox.
public struct MQTTSettings: Equatable, Sendable {
  /// `url`: `mqtts://HOST[:PORT]` or, without encryption, `mqtt://HOST[:PORT]`; required. Default ports 8883 and 1883.
  public var broker: BrokerAddress
  /// `fallback`: brokers that are tried in turn while `url` can't be had, written as it is; at most 8. From a fallback the agent goes back as
  /// soon as `url` accepts connections again. Default: none.
  public var fallbacks: [BrokerAddress] = []
  /// `ca`: certificates (PEM) that the broker's own must lead to. Default: the system's.
  public var authorityPath: String?
  /// `certificate` and `key`: this device's certificate and private key (PEM), both or neither. Default: none.
  public var certificatePath: String?
  public var keyPath: String?
  /// `username` and `password`. Default: none.
  public var username: String?
  public var password: Secret?
  /// `keep_alive`: silence after which a connection counts as lost; 5 s to 1 h, default 30 s.
  public var keepAlive: Duration = .seconds(30)
  /// `health_interval`: how often `health` is published; 1 s to 1 h, default 10 s.
  public var healthInterval: Duration = .seconds(10)

  /// `session_expiry`: how long the broker keeps what comes for this device while it is away; 0 s to 30 d, default 1 h.
  public var sessionExpiry: Duration = .seconds(3600)
  /// `message_expiry`: after this the broker no longer hands a result to subscribers that were away; 1 s to 10 years. Default: never.
  public var messageExpiry: Duration?
  /// `in_flight`: most results that are published and not yet acknowledged; 1 to 1000, default 64. A broker may ask for less.
  public var inFlight = 64

  /// `encoding`: `swiftlet` (JSON, at least once, from the outbox; the default) or `sparkplug` (Sparkplug B, data at most once).
  public var encoding = Encoding.swiftlet
  /// `primary_host`: the Sparkplug host without which results are stored rather than published. Default: none.
  public var primaryHost: String?

  /// `home_assistant`: makes each pipeline known to Home Assistant, as a sensor that counts detections. Default: false.
  public var announcesToHomeAssistant = false

  /// `commands`: what this device obeys on `command`, by name (`RemoteCommand`). Default: nothing; the topic isn't even subscribed to then.
  public var commands: [RemoteCommand] = []

  public enum Encoding: String, CaseIterable, Sendable {
    case swiftlet
    case sparkplug
  }

  public init(broker: BrokerAddress) { self.broker = broker }

  static func read(_ map: YAMLMapping, hasUpdates: Bool, _ context: ConfigurationContext) -> MQTTSettings? {
    let url = map.required("url")
    let broker = url.flatMap { readAddress($0) }
    let fallback = BrokerAddress(host: "localhost", port: 8883, usesTLS: true)
    var settings = MQTTSettings(broker: broker ?? fallback)
    settings.authorityPath = context.file(map["ca"])
    settings.certificatePath = context.file(map["certificate"])
    settings.keyPath = context.file(map["key"])
    settings.username = map["username"]?.string()
    settings.password = map["password"].flatMap { Secret.read($0, context) }
    if let keepAlive = map["keep_alive"]?.duration(in: .seconds(5) ... .seconds(3600)) { settings.keepAlive = keepAlive }
    if let interval = map["health_interval"]?.duration(in: .seconds(1) ... .seconds(3600)) { settings.healthInterval = interval }
    if let expiry = map["session_expiry"]?.duration(in: .zero ... .seconds(2_592_000)) { settings.sessionExpiry = expiry }
    settings.messageExpiry = map["message_expiry"]?.duration(in: .seconds(1) ... .seconds(315_360_000))
    if let count = map["in_flight"]?.int(in: 1...1000) { settings.inFlight = count }
    settings.fallbacks = map["fallback"]?.list { readFallback($0, broker, context) } ?? []
    if settings.fallbacks.count > 8 { map.report("fallback", "mqtt.fallback: at most 8 brokers") }
    settings.encoding = map["encoding"]?.choice() ?? .swiftlet
    settings.primaryHost = map["primary_host"]?.identifier()
    settings.announcesToHomeAssistant = map["home_assistant"]?.bool() ?? false
    settings.commands = map["commands"].map { RemoteCommand.readList($0, hasUpdates: hasUpdates) } ?? []
    if settings.commands.contains(.pause), !settings.commands.contains(.resume) {
      context.warn(map["commands"], "mqtt.commands: \"pause\" without \"resume\": what is paused over the broker can't go on by it")
    }
    // Sparkplug's sessions begin anew with each connection, and its data isn't kept by the broker.
    let foreign =
      settings.encoding == .sparkplug
      ? ["session_expiry", "message_expiry", "in_flight", "health_interval", "home_assistant", "fallback", "commands"] : ["primary_host"]
    for key in foreign where map[key] != nil {
      map.report(key, "mqtt.\(key): does not apply to the encoding \(settings.encoding.rawValue); remove it")
    }
    checkTogether(map, settings, context, url)
    return broker == nil ? nil : settings
  }

  private static func checkTogether(_ map: YAMLMapping, _ settings: MQTTSettings, _ context: ConfigurationContext, _ url: YAMLValue?) {
    if (map["certificate"] == nil) != (map["key"] == nil) {
      let present = map["key"] == nil ? "certificate" : "key"
      map.report(present, "mqtt: \"certificate\" and \"key\" go together; add the other one")
    }
    if map["password"] != nil, map["username"] == nil { map.report("password", "mqtt: \"password\" needs \"username\"") }
    guard !settings.broker.usesTLS else { return }
    for key in ["ca", "certificate", "key"] where map[key] != nil {
      map.report(key, "mqtt.\(key): needs an encrypted connection; write mqtts:// in \"url\"")
    }
    if !settings.broker.isLoopback, let url { warnOfPlain(settings.broker, url, context) }
  }

  private static func warnOfPlain(_ address: BrokerAddress, _ value: YAMLValue, _ context: ConfigurationContext) {
    context.warn(value, "\(value.path): \(address.host) is reached without encryption; anyone between can read and change messages (mqtts:// encrypts)")
  }

  private static func readFallback(_ value: YAMLValue, _ broker: BrokerAddress?, _ context: ConfigurationContext) -> BrokerAddress? {
    guard let address = readAddress(value) else { return nil }
    if let broker, address.usesTLS != broker.usesTLS {
      value.report("\(value.path): must be \(broker.usesTLS ? "mqtts" : "mqtt")://, as \"url\" is")
    } else if !address.usesTLS, !address.isLoopback {
      warnOfPlain(address, value, context)
    }
    return address
  }

  private static func readAddress(_ value: YAMLValue) -> BrokerAddress? {
    guard let text = value.string() else { return nil }
    do { return try BrokerAddress(parsing: text) } catch {
      value.report("\(value.path): \(error.message)")
      return nil
    }
  }
}
