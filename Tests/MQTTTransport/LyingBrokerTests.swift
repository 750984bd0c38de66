import MQTTTransport
import TestBroker
import Testing

@Suite(.timeLimit(.minutes(2))) struct LyingBrokerTests {
  private func client(of broker: LyingBroker, scheme: String = "mqtt", timeout: Duration = .seconds(20)) throws -> BrokerClient {
    let client = try BrokerClient("\(scheme)://127.0.0.1:\(broker.port)") { $0.connectTimeout = timeout }
    try client.subscribe("#")
    try client.start()
    return client
  }

  /// CONNACK, no session, success, no properties.
  static let yes: [UInt8] = [0x20, 3, 0, 0, 0]

  @Test(arguments: ["mqtt", "mqtts"])
  func `one that never answers is given up in time and tried again`(scheme: String) throws {
    let broker = try LyingBroker(.silence)
    let client = try client(of: broker, scheme: scheme, timeout: .milliseconds(300))
    #expect(client.firstError()?.code == .unreachable)
    #expect(client.states.wait { $0.contains(.connecting(attempt: 3)) })
    client.connection.stop()
  }

  @Test(arguments: ["mqtt", "mqtts"])
  func `one that hangs up at once is reported and tried again`(scheme: String) throws {
    let broker = try LyingBroker(.hangsUp)
    let client = try client(of: broker, scheme: scheme)
    #expect(client.firstError() != nil)
    #expect(client.states.wait { $0.contains(.connecting(attempt: 3)) })
    client.connection.stop()
  }

  @Test(arguments: [(UInt8(0x86), ReasonCode.badUserNameOrPassword), (0x87, .notAuthorised), (0x88, .serverUnavailable), (0x8A, .banned), (5, .notAuthorised)])
  func `a failing answer is a refusal with its reason`(code: UInt8, reason: ReasonCode) throws {
    let broker = try LyingBroker(.answers([0x20, 3, 0, code, 0]))
    let client = try client(of: broker)
    let state = client.states.first { if case .refused = $0 { true } else { false } }
    guard case .refused(reason, let error, _) = state else {
      Issue.record("expected \(reason), got \(client.states.all)")
      return
    }
    #expect(!error.message.isEmpty)
    #expect(!client.states.all.contains { $0.isConnected })
    client.connection.stop()
  }

  @Test(arguments: [
    Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
    // Half an answer.
    [0x20, 3, 0], [0x20], [0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    // A message before any answer.
    [0x30, 5, 0, 1, 0x61, 0, 0x62],
    // A second answer.
    [0x20, 3, 0, 0, 0, 0x20, 3, 0, 0, 0],
    // Accepted, then a topic that isn't UTF-8, an empty topic, a topic longer than its packet.
    [0x20, 3, 0, 0, 0, 0x30, 5, 0, 2, 0xC3, 0x28, 0], [0x20, 3, 0, 0, 0, 0x30, 3, 0, 0, 0],
    [0x20, 3, 0, 0, 0, 0x30, 3, 0xFF, 0xFF, 0x61],
    // A subscription's answer without reasons, an acknowledgement of nothing, an unknown packet.
    [0x20, 3, 0, 0, 0, 0x90, 3, 0, 1, 0], [0x20, 3, 0, 0, 0, 0x40, 2, 0, 0], [0x20, 3, 0, 0, 0, 0x00, 0],
  ])
  func `nonsense ends the connection with a reason and without harm`(bytes: [UInt8]) throws {
    let broker = try LyingBroker(.answersAndHangsUp(bytes))
    let client = try client(of: broker)
    let error = try #require(client.firstError())
    #expect(error.message.contains("127.0.0.1") && !error.message.contains("\n"))
    #expect(client.states.wait { $0.count { if case .disconnected = $0 { true } else { false } } >= 2 })
    #expect(client.messages.all.isEmpty)
    client.connection.stop()
  }

  @Test func `a broker that says why it hangs up is quoted`() throws {
    let broker = try LyingBroker(.answersAndHangsUp(Self.yes + [0xE0, 2, 0x8E, 0]))
    let client = try client(of: broker)
    let error = try #require(client.firstError())
    #expect(error.code == .connectionLost && error.message.contains("another client took over this client id"))
    #expect(error.message.hasSuffix("(this one is ‘test’)"), "\(error.message)")
    client.connection.stop()
  }

  @Test func `a conversation cut at every length, and damaged, never crashes or hangs`() throws {
    // A message, a subscription's answer, a ping's, an acknowledgement. Property lengths (the zero bytes at 4, 11 and 17) stay as
    // they are: for an unknown property this libmosquitto ends the process by an assertion, as BrokerConnection documents.
    let conversation = Self.yes + [0x30, 6, 0, 2, 0x61, 0x62, 0, 0x37] + [0x90, 4, 0, 1, 0, 1] + [0xD0, 0] + [0x40, 2, 0, 9]
    var streams = (0...conversation.count).map { Array(conversation.prefix($0)) }
    var generator = SeededGenerator(seed: 20_260_301)
    for position in [0, 1, 3, 5, 7, 8, 9, 10, 12, 13, 15, 18, 19, 20, 21, 23, 24] {
      var damaged = conversation
      damaged[position] ^= 1 << UInt8.random(in: 0...7, using: &generator)
      streams.append(damaged)
    }
    for stream in streams {
      let broker = try LyingBroker(.answersAndHangsUp(stream))
      let client = try client(of: broker)
      #expect(client.firstError() != nil)
      client.connection.stop()
    }
  }

  @Test func `a message above the limit is dropped and counted`() throws {
    // 70,000 bytes: remaining length 70,005 as a variable-length integer.
    let length = 70_004
    var bytes = Self.yes + [0x30, UInt8(length & 127 | 128), UInt8(length >> 7 & 127 | 128), UInt8(length >> 14), 0, 1, 0x61, 0]
    bytes += [UInt8](repeating: 1, count: length - 4)
    bytes += [0x30, 5, 0, 1, 0x62, 0, 7]
    let broker = try LyingBroker(.answers(bytes))
    let client = try BrokerClient("mqtt://127.0.0.1:\(broker.port)") { $0.incomingLimit = 65_536 }
    try client.subscribe("#")
    try client.start()
    #expect(client.messages.first { _ in true }?.topic == "b")
    client.connection.stop()
    #expect(client.connection.counters.dropped == 1)
  }

  @Test func `a packet without end is given up long before it fills the memory`() throws {
    // 200 MB are announced, 8 MB come.
    let length = 200 << 20
    let header: [UInt8] = [
      0x30, UInt8(length & 127 | 128), UInt8(length >> 7 & 127 | 128), UInt8(length >> 14 & 127 | 128), UInt8(length >> 21), 0, 1, 0x61, 0,
    ]
    let broker = try LyingBroker(.answers(Self.yes + header + [UInt8](repeating: 1, count: 8 << 20)))
    let client = try client(of: broker)
    let error = try #require(client.firstError())
    #expect(error.code == .protocolViolation && error.message.contains("bytes"), "\(error)")
    client.connection.stop()
  }

  @Test func `stopping doesn't wait for one that never answers`() throws {
    let broker = try LyingBroker(.silence)
    let client = try client(of: broker, timeout: .seconds(3600))
    #expect(client.states.wait { $0.contains(.connecting(attempt: 1)) })
    client.connection.stop(draining: .seconds(3600))
    #expect(client.connection.state == .stopped)
  }
}

/// Repeatable randomness.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
