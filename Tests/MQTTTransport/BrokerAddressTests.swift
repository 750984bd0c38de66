import MQTTTransport
import Testing

@Suite struct BrokerAddressTests {
  @Test(arguments: [
    ("mqtt://localhost", "localhost", 1883, false), ("mqtts://broker.example", "broker.example", 8883, true),
    ("mqtt://10.0.0.7:2883/", "10.0.0.7", 2883, false), ("mqtts://[fe80::1]:9", "fe80::1", 9, true), ("mqtt://[::1]", "::1", 1883, false),
  ])
  func `an address gives host, port and whether TLS is spoken`(text: String, host: String, port: UInt16, usesTLS: Bool) throws {
    let address = try BrokerAddress(parsing: text)
    #expect(address == BrokerAddress(host: host, port: port, usesTLS: usesTLS))
  }

  @Test(arguments: [
    "", "localhost", "http://x", "mqtt://", "mqtt://:1883", "mqtt://a:0", "mqtt://a:65536", "mqtt://a:-1", "mqtt://a:+1", "mqtt://a:1:2", "mqtt://a/b",
    "mqtt://a?x", "mqtt://[::1", "mqtt://[::1]x", "mqtt://a b", "mqtt://a%20", "MQTT://a", "mqtt://é",
  ])
  func `a malformed address is refused`(text: String) {
    #expect(throws: MQTTTransportError.self) { try BrokerAddress(parsing: text) }
  }

  @Test func `credentials in an address are refused, with a hint and without showing them`() {
    let error = #expect(throws: MQTTTransportError.self) { try BrokerAddress(parsing: "mqtts://me:secret@broker") }
    #expect(error?.message.contains("username") == true)
    #expect(error?.message.contains("secret") == false)
  }
}

@Suite struct BackOffTests {
  @Test func `delays double, stay within half and whole of the step, and are repeatable`() {
    var first = BackOff(initial: .seconds(1), limit: .seconds(60), seed: 7)
    var second = BackOff(initial: .seconds(1), limit: .seconds(60), seed: 7)
    var other = BackOff(initial: .seconds(1), limit: .seconds(60), seed: 8)
    var differs = false
    for attempt in 0..<40 {
      let step = Duration.seconds(min(60, 1 << min(attempt, 6)))
      let delay = first.next()
      #expect(delay >= step / 2 && delay <= step)
      #expect(delay == second.next())
      if delay != other.next() { differs = true }
    }
    #expect(differs)
    first.reset()
    #expect(first.next() <= .seconds(1))
  }
}
