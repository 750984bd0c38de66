import MQTTTransport
import TestBroker
import Testing

@testable import Outbox

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct OutboxPublisherTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func connection(_ broker: RealBroker, _ id: String) throws -> BrokerConnection {
    var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: id)
    settings.backOff = (.milliseconds(20), .milliseconds(200))
    return try BrokerConnection(settings)
  }

  /// Collects what the broker gives out, at least once.
  private func listener(_ broker: RealBroker, _ messages: Recorder<IncomingMessage>) throws -> BrokerConnection {
    let connection = try connection(broker, "listener")
    let subscribed = Recorder<SubscriptionOutcome>()
    try connection.subscribe(to: "#", completion: { subscribed.append($0) }) { messages.append($0) }
    try connection.start()
    #expect(subscribed.wait { !$0.isEmpty })
    return connection
  }

  @Test func `what was written before, during and after connecting arrives in order and leaves the file`() throws {
    let broker = try RealBroker()
    let messages = Recorder<IncomingMessage>()
    let listener = try listener(broker, messages)
    let outbox = try Outbox(path: folder.path(), byteLimit: 8 << 20)
    for _ in 0..<200 { _ = outbox.append(to: "t", encoding: { Array("\($0.sequence)".utf8) }) }
    let connection = try connection(broker, "device")
    let publisher = try OutboxPublisher(from: outbox, to: connection)
    try connection.start()
    for _ in 0..<200 { _ = outbox.append(to: "t", encoding: { Array("\($0.sequence)".utf8) }) }
    #expect(messages.wait { $0.count == 400 })
    _ = try outbox.write(to: "t") { Array("\($0.sequence)".utf8) }
    #expect(messages.wait { $0.count == 401 })
    #expect(messages.all.map { String(decoding: $0.payload, as: UTF8.self) } == (1...401).map(String.init))
    publisher.stop()
    connection.stop(draining: .seconds(20))
    listener.stop()
    outbox.close()
    #expect(outbox.status.waiting == 0 && outbox.status.delivered == 401)
  }

  @Test func `a broker killed again and again loses nothing, and first deliveries stay in order`() throws {
    let broker = try RealBroker()
    let outbox = try Outbox(path: folder.path(), byteLimit: 8 << 20)
    let connection = try connection(broker, "device")
    let publisher = try OutboxPublisher(from: outbox, to: connection, inFlightLimit: 4)
    try connection.start()
    var seen: [UInt64] = []
    for _ in 0..<4 {
      let messages = Recorder<IncomingMessage>()
      let listener = try listener(broker, messages)
      for _ in 0..<50 { _ = outbox.append(to: "t", encoding: { Array("\($0.sequence)".utf8) }) }
      outbox.flush()
      #expect(messages.wait { $0.count >= 25 })
      broker.kill()
      listener.stop()
      seen += messages.all.compactMap { UInt64(String(decoding: $0.payload, as: UTF8.self)) }
      try broker.start()
    }
    let messages = Recorder<IncomingMessage>()
    let listener = try listener(broker, messages)
    outbox.flush()
    _ = try outbox.write(to: "t") { Array("\($0.sequence)".utf8) }
    #expect(messages.wait { $0.contains { $0.payload == Array("201".utf8) } })
    listener.stop()
    publisher.stop()
    connection.stop(draining: .seconds(20))
    outbox.flush()
    #expect(outbox.status.waiting == 0)
    seen += messages.all.compactMap { UInt64(String(decoding: $0.payload, as: UTF8.self)) }
    // A repetition begins with a message that was seen, or that was published while nobody listened; so what is seen for the
    // first time is always newer than all before.
    var newest: UInt64 = 0
    var known: Set<UInt64> = []
    for sequence in seen where known.insert(sequence).inserted {
      #expect(sequence > newest)
      newest = sequence
    }
    #expect(newest == 201)
    outbox.close()
  }

  @Test func `messages of a new file aren't taken for those of the old one that are under way`() throws {
    let broker = try RealBroker()
    let messages = Recorder<IncomingMessage>()
    let listener = try listener(broker, messages)
    let outbox = try Outbox(path: folder.path(), byteLimit: 8 << 20)
    let connection = try connection(broker, "device")
    let connected = Recorder<BrokerState>()
    connection.onStateChange { connected.append($0) }
    let publisher = try OutboxPublisher(from: outbox, to: connection)
    try connection.start()
    #expect(connected.wait { $0.contains { $0.isConnected } })
    broker.freeze(true)
    for _ in 0..<3 { _ = try outbox.write(to: "old") { _ in [] } }
    for _ in 0..<200 where connection.counters.published < 3 { connected.wait(limit: 0.05) { _ in false } }
    #expect(connection.counters.published >= 3)
    try outbox.storeMutex.withLock { try outbox.replaceDamaged(OutboxError(.damaged, "a test's")) }
    for index in 1...3 { _ = try outbox.write(to: "new") { _ in [UInt8(index)] } }
    for _ in 0..<60 where connection.counters.published < 6 { connected.wait(limit: 0.05) { _ in false } }
    broker.freeze(false)
    #expect(messages.wait { $0.count { $0.topic == "new" } == 3 })
    #expect(messages.all.filter { $0.topic == "new" }.map(\.payload) == [[1], [2], [3]])
    publisher.stop()
    connection.stop(draining: .seconds(20))
    listener.stop()
    outbox.flush()
    #expect(outbox.status.waiting == 0)
    outbox.close()
  }

  @Test func `a message too large for the broker becomes a gap event and holds nothing up`() throws {
    var options = RealBroker.Options()
    options.extraLines = ["max_packet_size 2000"]
    let broker = try RealBroker(options)
    let messages = Recorder<IncomingMessage>()
    let listener = try listener(broker, messages)
    let outbox = try Outbox(path: folder.path(), byteLimit: 8 << 20)
    let connection = try connection(broker, "device")
    let publisher = try OutboxPublisher(from: outbox, to: connection)
    _ = try outbox.write(to: "p/detections") { _ in [UInt8](repeating: 65, count: 4000) }
    _ = try outbox.write(to: "p/detections") { _ in [66] }
    try connection.start()
    #expect(messages.wait { $0.contains { $0.topic == "p/events" } && $0.contains { $0.payload == [66] } })
    publisher.stop()
    connection.stop()
    listener.stop()
    outbox.close()
  }

  @Test func `a forbidden topic pauses, is retried, and is kept`() throws {
    var options = RealBroker.Options()
    options.accessList = ["topic readwrite allowed/#"]
    let broker = try RealBroker(options)
    let outbox = try Outbox(path: folder.path(), byteLimit: 8 << 20)
    let connection = try connection(broker, "device")
    let publisher = try OutboxPublisher(from: outbox, to: connection, pauseAfterRefusal: (.milliseconds(20), .milliseconds(20)))
    _ = try outbox.write(to: "forbidden/x") { _ in [1] }
    try connection.start()
    let tries = Recorder<Bool>()
    connection.onStateChange { _ in tries.append(true) }
    while connection.counters.refused < 3 { tries.wait(limit: 0.05) { _ in false } }
    #expect(publisher.lastRefusal == .notAuthorised)
    publisher.stop()
    connection.stop()
    outbox.flush()
    #expect(outbox.status.waiting == 1)
    outbox.close()
  }
}
