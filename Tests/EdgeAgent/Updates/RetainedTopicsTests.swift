@testable import EdgeAgent
import MQTTTransport
import TestBroker
import Testing
import Updates

/// What is read from a broker that answers slowly, or not at all.
@Suite(.enabled(if: RealBroker.isAvailable), .timeLimit(.minutes(3))) struct RetainedTopicsTests {
  private static let topic = "swiftlet/v1/releases/metadata/timestamp"

  /// A broker with something retained, reached through one that may be slow.
  private final class Post {
    let broker: RealBroker
    let slow: SlowBroker
    let topics: RetainedTopics
    let changes = Recorder<Int>()
    private let connections: [BrokerConnection]

    init() throws {
      broker = try RealBroker()
      slow = try SlowBroker(before: broker)
      connections = try [broker.url, slow.url].map { try BrokerConnection(BrokerSettings(address: BrokerAddress(parsing: $0), clientID: $0)) }
      topics = RetainedTopics(connections[1], patience: .milliseconds(500), freshness: .zero)
      let states = Recorder<Bool>()
      connections[0].onStateChange { states.append($0.isConnected) }
      for connection in connections { try connection.start() }
      #expect(states.wait { $0.contains(true) })
      try publish("first")
    }

    deinit { for connection in connections { connection.stop() } }

    func publish(_ text: String) throws {
      let done = Recorder<DeliveryOutcome>()
      try connections[0].publish(OutgoingMessage(topic: RetainedTopicsTests.topic, payload: Array(text.utf8), isRetained: true)) { done.append($0) }
      #expect(done.wait { $0 == [.acknowledged] })
    }

    func follow() throws { try topics.follow(RetainedTopicsTests.topic) { [changes] in changes.append(1) } }

    func read() throws -> String? { try topics.read(RetainedTopicsTests.topic).map { String(decoding: $0, as: UTF8.self) } }
  }

  @Test func `a broker that doesn't answer is given up, with its name, and read again once it does`() throws {
    let post = try Post()
    post.slow.slow("/metadata/", .silence)
    let error = #expect(throws: UpdatesError.self) { try post.read() }
    #expect(error?.code == .unavailable && error?.message.contains("gave no answer for \(Self.topic)") == true, "\(String(describing: error))")
    post.slow.recover()
    #expect(try post.read() == "first")
  }

  @Test func `a message that comes byte by byte isn't waited for`() throws {
    let post = try Post()
    post.slow.slow("/metadata/", .aByteASecond)
    #expect(throws: UpdatesError.self) { if try post.read() == nil { throw UpdatesError(.unavailable, "") } }
    post.slow.recover()
    #expect(try post.read() == "first")
  }

  @Test func `a broker that falls silent isn't taken for one without news, and what it held back is news`() throws {
    let post = try Post()
    try post.follow()
    #expect(try post.read() == "first")
    #expect(post.changes.wait { $0.count == 1 })
    post.slow.slow("/metadata/", .silence)
    try post.follow()
    #expect(throws: UpdatesError.self) { try post.read() }
    #expect(post.changes.all.count == 1)
    post.slow.recover()
    try post.follow()
    #expect(try post.read() == "first")
    #expect(post.changes.wait { $0.count == 2 })
    // And what is asked for once more in good order is none.
    try post.follow()
    #expect(try post.read() == "first")
    try post.publish("second")
    #expect(post.changes.wait { $0.count == 3 })
    #expect(try post.read() == "second")
  }
}
