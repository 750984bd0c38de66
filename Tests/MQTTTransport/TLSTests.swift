import Foundation
import MQTTTransport
import TestBroker
import Testing

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct TLSTests {
  private func broker(_ authority: TestAuthority) throws -> RealBroker {
    var options = RealBroker.Options()
    options.authority = authority
    return try RealBroker(options)
  }

  private func client(_ broker: RealBroker, _ authority: String?, _ pair: TestAuthority.Pair?) throws -> BrokerClient {
    try BrokerClient(broker.url) { $0.tls = .init(authority: authority, certificate: pair?.certificate, key: pair?.key) }
  }

  @Test func `client and broker know each other by their certificates`() throws {
    let authority = try TestAuthority()
    let broker = try broker(authority)
    let client = try client(broker, authority.certificate, authority.client)
    try client.subscribe("t")
    try client.connect()
    let payload = [UInt8](repeating: 7, count: 300_000)
    try client.publish(OutgoingMessage(topic: "t", payload: payload))
    #expect(client.messages.first { _ in true }?.payload == payload)
    broker.kill()
    try broker.start()
    #expect(client.waitUntilConnected(times: 2))
    client.connection.stop()
  }

  @Test func `a broker whose authority isn't ours is refused, naming the file`() throws {
    let authority = try TestAuthority()
    let stranger = try TestAuthority()
    let broker = try broker(authority)
    let client = try client(broker, stranger.certificate, authority.client)
    try client.start()
    let error = try #require(client.firstError())
    #expect(error.code == .tls && error.message.contains(stranger.certificate), "\(error)")
    client.connection.stop()
  }

  @Test func `a certificate for another host is refused`() throws {
    let authority = try TestAuthority(brokerName: "elsewhere.example")
    let broker = try broker(authority)
    let client = try client(broker, authority.certificate, authority.client)
    try client.start()
    let error = try #require(client.firstError())
    #expect(error.code == .tls && error.message.contains("another host"), "\(error)")
    client.connection.stop()
  }

  @Test func `a broker that wants a certificate and gets none or a stranger's says so`() throws {
    let authority = try TestAuthority()
    let stranger = try TestAuthority()
    let broker = try broker(authority)
    for (pair, words) in [(nil, "client certificate"), (stranger.client, "accept this client")] as [(TestAuthority.Pair?, String)] {
      let client = try client(broker, authority.certificate, pair)
      try client.start()
      let error = try #require(client.firstError())
      #expect(error.code == .tls && error.message.contains(words), "\(error)")
      client.connection.stop()
    }
  }

  @Test func `plain MQTT on a TLS port and TLS on a plain port end with advice`() throws {
    let authority = try TestAuthority()
    let secure = try broker(authority)
    let plain = try BrokerClient("mqtt://localhost:\(secure.port)")
    try plain.start()
    #expect(plain.firstError()?.message.contains("mqtts://") == true, "\(plain.states.all)")
    plain.connection.stop()
    let open = try RealBroker()
    let client = try BrokerClient("mqtts://localhost:\(open.port)") {
      $0.tls = .init(authority: authority.certificate)
      $0.connectTimeout = .seconds(5)
    }
    try client.start()
    #expect(client.firstError() != nil)
    client.connection.stop()
  }

  @Test func `files that are missing, garbage or don't belong together are named`() throws {
    let authority = try TestAuthority()
    let stranger = try TestAuthority()
    let broker = try broker(authority)
    let missing = #expect(throws: MQTTTransportError.self) { try client(broker, "/no/such/ca.pem", nil) }
    #expect(missing?.message.contains("/no/such/ca.pem") == true)
    let garbage = FileManager.default.temporaryDirectory.appendingPathComponent("garbage-\(UUID().uuidString).pem").path
    try Data("not a certificate".utf8).write(to: URL(fileURLWithPath: garbage))
    defer { try? FileManager.default.removeItem(atPath: garbage) }
    let mixed = TestAuthority.Pair(certificate: authority.client.certificate, key: stranger.client.key)
    let cases: [(String, TestAuthority.Pair, String)] = [
      (garbage, authority.client, garbage), (authority.certificate, .init(certificate: garbage, key: authority.client.key), garbage),
      (authority.certificate, .init(certificate: authority.client.certificate, key: garbage), garbage), (authority.certificate, mixed, "doesn't belong"),
    ]
    for (ca, pair, words) in cases {
      let client = try client(broker, ca, pair)
      try client.start()
      let error = try #require(client.firstError())
      #expect(error.code == .tls && error.message.contains(words), "\(error)")
      client.connection.stop()
    }
  }

  @Test func `settings that contradict each other are refused before connecting`() throws {
    let address = try BrokerAddress(parsing: "mqtt://localhost")
    let changes: [(inout BrokerSettings) -> Void] = [
      { $0.clientID = "" }, { $0.clientID = "a b" }, { $0.keepAlive = .seconds(1) }, { $0.password = "x" }, { $0.tls.authority = "/etc/passwd" },
      { $0.lastWill = .init(topic: "a/#", payload: []) }, { $0.window = (0, 1) }, { $0.sessionExpiry = .seconds(-1) },
    ]
    for change in changes {
      var settings = BrokerSettings(address: address, clientID: "x")
      change(&settings)
      #expect(throws: MQTTTransportError.self) { try BrokerConnection(settings) }
    }
  }
}
