public import MQTTTransport
import YAMLReading

/// `mqtt`: the broker. Without this section results stay in the local outbox.
public struct MQTTSettings: Equatable, Sendable {
  /// `url`: `mqtts://HOST[:PORT]` or, without encryption, `mqtt://HOST[:PORT]`; required. Default ports 8883 and 1883.
  public var broker: BrokerAddress
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

  public init(broker: BrokerAddress) { self.broker = broker }

  static func read(_ map: YAMLMapping, _ context: ConfigurationContext) -> MQTTSettings? {
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
    if !settings.broker.isLoopback {
      context.warn(url, "mqtt.url: \(settings.broker.host) is reached without encryption; anyone between can read and change messages (mqtts:// encrypts)")
    }
  }

  private static func readAddress(_ value: YAMLValue) -> BrokerAddress? {
    guard let text = value.string() else { return nil }
    do { return try BrokerAddress(parsing: text) } catch {
      value.report("\(value.path): \(error.message)")
      return nil
    }
  }
}
