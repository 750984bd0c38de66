import Glibc
import MQTTTransport
import TestBroker
import Testing

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct BrokerConnectionTests {
  @Test func `a message reaches a subscriber with its properties and is acknowledged`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url)
    try client.subscribe("a/+/c")
    try client.connect()
    defer { client.connection.stop() }
    #expect(client.subscriptions.wait { $0 == [.granted] })
    let message = OutgoingMessage(
      topic: "a/b/c", payload: [0, 1, 255], contentType: "image/jpeg", responseTopic: "answer/here", correlationData: [9, 0, 8],
      userProperties: [UserProperty("frame", "7"), UserProperty("frame", "ü")])
    try client.publish(message)
    #expect(client.deliveries.wait { $0 == [.acknowledged] })
    let received = try #require(client.messages.first { _ in true })
    #expect(received.topic == "a/b/c" && received.payload == [0, 1, 255] && received.contentType == "image/jpeg")
    #expect(received.responseTopic == "answer/here" && received.correlationData == [9, 0, 8])
    #expect(received.userProperties == [UserProperty("frame", "7"), UserProperty("frame", "ü")])
    try client.publish(OutgoingMessage(topic: "a/x/c", payload: [], quality: .atMostOnce))
    #expect(client.messages.wait { $0.count == 2 })
    #expect(client.messages.all[1].payload.isEmpty)
    #expect(client.deliveries.wait { $0.count == 2 })
  }

  @Test func `a thousand messages arrive in order through a small window`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url) { $0.window = (8, 1 << 20) }
    try client.subscribe("n")
    try client.connect()
    defer { client.connection.stop() }
    var sent = 0
    while sent < 1000 {
      do {
        try client.publish(OutgoingMessage(topic: "n", payload: Array("\(sent)".utf8)))
        sent += 1
      } catch let error as MQTTTransportError where error.code == .windowFull {
        let before = client.deliveries.all.count
        client.deliveries.wait { $0.count > before || $0.count == sent }
      }
    }
    #expect(client.messages.wait { $0.count == 1000 })
    #expect(client.messages.all.map { String(decoding: $0.payload, as: UTF8.self) } == (0..<1000).map(String.init))
    #expect(client.deliveries.wait { $0.count == 1000 })
    #expect(client.deliveries.all.allSatisfy { $0 == .acknowledged })
  }

  @Test func `a killed broker is found again and the subscriptions are made anew`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url)
    try client.subscribe("again")
    try client.connect()
    defer { client.connection.stop() }
    for round in 1...3 {
      #expect(client.subscriptions.wait { $0.count >= round })
      broker.kill()
      #expect(client.states.wait { $0.count { if case .disconnected = $0 { true } else { false } } >= round })
      try broker.start()
      #expect(client.waitUntilConnected(times: round + 1))
    }
    #expect(client.subscriptions.wait { $0.count >= 4 })
    try client.publish(OutgoingMessage(topic: "again", payload: [1]))
    #expect(client.messages.wait { $0.count == 1 })
  }

  @Test func `what is meant for one session isn't sent in the next`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url)
    try client.connect()
    defer { client.connection.stop() }
    let first = client.connection.session
    try client.connection.publish(OutgoingMessage(topic: "t", payload: [1]), in: first) { [deliveries = client.deliveries] in deliveries.append($0) }
    #expect(client.deliveries.wait { $0 == [.acknowledged] })
    client.connection.restart(sendingWill: false)
    #expect(client.waitUntilConnected(times: 2))
    let error = #expect(throws: MQTTTransportError.self) { try client.connection.publish(OutgoingMessage(topic: "t", payload: [2]), in: first) }
    #expect(error?.code == .notConnected && client.connection.session == first + 1)
  }

  @Test func `a restart that waits for acknowledgements isn't overtaken by its own next connection`() throws {
    let broker = try RealBroker()
    let watcher = try BrokerClient(broker.url, id: "watcher")
    try watcher.connect()
    try watcher.subscribe("t")
    defer { watcher.connection.stop() }
    let client = try BrokerClient(broker.url) { $0.window.messages = 1000 }
    try client.connect()
    defer { client.connection.stop() }
    broker.freeze(true)
    for number in 1...500 {
      try client.publish(OutgoingMessage(topic: "t", payload: [UInt8(number % 256)], quality: number == 500 ? .atLeastOnce : .atMostOnce))
    }
    client.connection.restart(draining: .seconds(60), sendingWill: false)
    // Were it not to wait, the broker would find the next connection beside all that it has to read.
    #expect(!client.states.wait(limit: 0.3) { $0.count { if case .connecting = $0 { true } else { false } } > 1 })
    broker.freeze(false)
    #expect(client.waitUntilConnected(times: 2))
    #expect(watcher.messages.wait { $0.count == 500 } && client.deliveries.all.allSatisfy { $0 == .acknowledged })
  }

  @Test func `offline nothing is kept and the caller is told`() throws {
    let port = try LoopbackPort.free()
    let client = try BrokerClient("mqtt://127.0.0.1:\(port)")
    try client.start()
    defer { client.connection.stop() }
    let error = try #require(client.firstError())
    #expect(error.code == .unreachable && error.message.contains("\(port)"))
    for _ in 0..<1000 {
      let refused = #expect(throws: MQTTTransportError.self) { try client.publish(OutgoingMessage(topic: "t", payload: [1])) }
      #expect(refused?.code == .notConnected)
    }
    #expect(client.connection.counters.published == 0)
    #expect(client.deliveries.all.isEmpty)
  }

  @Test func `a frozen broker fills the window, never more, and its messages are reported lost`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url) { $0.window = (16, 1 << 20) }
    try client.connect()
    defer { client.connection.stop() }
    broker.freeze(true)
    for _ in 0..<16 { try client.publish(OutgoingMessage(topic: "t", payload: [1])) }
    let refused = #expect(throws: MQTTTransportError.self) { try client.publish(OutgoingMessage(topic: "t", payload: [1])) }
    #expect(refused?.code == .windowFull)
    broker.freeze(false)
    #expect(client.deliveries.wait { $0.count == 16 })
    broker.freeze(true)
    try client.publish(OutgoingMessage(topic: "t", payload: [2]))
    broker.kill()
    #expect(client.deliveries.wait { $0.count == 17 })
    #expect(client.deliveries.all.last == .lost)
  }

  @Test func `the last will is published when the connection is cut and not when it is stopped`() throws {
    let broker = try RealBroker()
    let watcher = try BrokerClient(broker.url, id: "watcher")
    try watcher.subscribe("state/#")
    try watcher.connect()
    defer { watcher.connection.stop() }
    #expect(watcher.subscriptions.wait { !$0.isEmpty })
    for (name, sendingWill) in [("quiet", false), ("telling", true)] {
      let client = try BrokerClient(broker.url, id: name) { $0.lastWill = .init(topic: "state/\(name)", payload: Array("offline".utf8)) }
      try client.connect()
      client.connection.stop(sendingWill: sendingWill)
      #expect(client.connection.state == .stopped)
    }
    // A second client with the same id makes the broker cut the first off, as a vanished one is.
    let vanishing = try BrokerClient(broker.url, id: "same") {
      $0.lastWill = .init(topic: "state/same", payload: Array("offline".utf8))
      $0.backOff = (.seconds(60), .seconds(60))
    }
    try vanishing.connect()
    let usurper = try BrokerClient(broker.url, id: "same")
    try usurper.connect()
    #expect(watcher.messages.first { $0.topic == "state/same" }?.payload == Array("offline".utf8))
    #expect(vanishing.firstError()?.code == .connectionLost)
    #expect(watcher.messages.all.map(\.topic) == ["state/telling", "state/same"])
    vanishing.connection.stop()
    usurper.connection.stop()
    let late = try BrokerClient(broker.url, id: "late")
    try late.subscribe("state/same")
    try late.connect()
    #expect(late.messages.first { _ in true }?.isRetained == true)
    late.connection.stop()
  }

  @Test func `wrong credentials are refused with advice, and right ones let in`() throws {
    var options = RealBroker.Options()
    options.user = ("camera", "secret")
    let broker = try RealBroker(options)
    let client = try BrokerClient(broker.url) { ($0.username, $0.password) = ("camera", "wrong") }
    try client.start()
    let state = client.states.first { if case .refused = $0 { true } else { false } }
    guard case .refused(let reason, let error, let delay) = state else {
      Issue.record("not refused: \(client.states.all)")
      return
    }
    #expect(reason == .notAuthorised || reason == .badUserNameOrPassword)
    #expect(error.code == .refused && error.message.contains("check") && delay > .zero)
    #expect(client.states.wait { $0.count { if case .refused = $0 { true } else { false } } >= 3 })
    client.connection.stop()
    let other = try BrokerClient(broker.url) { ($0.username, $0.password) = ("camera", "secret") }
    try other.connect()
    other.connection.stop()
  }

  @Test func `a topic that the broker forbids is reported refused`() throws {
    var options = RealBroker.Options()
    options.accessList = ["topic readwrite allowed/#"]
    let broker = try RealBroker(options)
    let client = try BrokerClient(broker.url)
    try client.connect()
    defer { client.connection.stop() }
    try client.publish(OutgoingMessage(topic: "forbidden/x", payload: [1]))
    #expect(client.deliveries.wait { $0 == [.refused(.notAuthorised)] })
  }

  @Test func `messages larger than the broker accepts are refused and the connection stays`() throws {
    var options = RealBroker.Options()
    options.extraLines = ["max_packet_size 2000"]
    let broker = try RealBroker(options)
    let client = try BrokerClient(broker.url)
    try client.connect()
    defer { client.connection.stop() }
    try client.publish(OutgoingMessage(topic: "t", payload: [UInt8](repeating: 1, count: 5000)))
    try client.publish(OutgoingMessage(topic: "t", payload: [1]))
    #expect(client.deliveries.wait { $0 == [.refused(.packetTooLarge), .acknowledged] })
    let error = #expect(throws: MQTTTransportError.self) {
      try client.publish(OutgoingMessage(topic: "t", payload: [UInt8](repeating: 1, count: 5 << 20)))
    }
    #expect(error?.code == .messageTooLarge)
  }

  @Test(arguments: ["", "a/+", "#", "a\0b"])
  func `a topic that can't be published to is refused at once`(topic: String) throws {
    let client = try BrokerClient("mqtt://127.0.0.1:1")
    let error = #expect(throws: MQTTTransportError.self) { try client.publish(OutgoingMessage(topic: topic, payload: [])) }
    #expect(error?.code == .invalidSettings)
  }

  @Test func `stopping with time to drain delivers what was accepted`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url)
    try client.connect()
    for _ in 0..<50 { try client.publish(OutgoingMessage(topic: "t", payload: [1])) }
    client.connection.stop(draining: .seconds(20))
    #expect(client.deliveries.all.count { $0 == .acknowledged } == 50)
  }

  @Test func `a handler may publish and stop`() throws {
    let broker = try RealBroker()
    let client = try BrokerClient(broker.url)
    let connection = client.connection
    try connection.subscribe(to: "question") { [weak client] _ in
      try? client?.publish(OutgoingMessage(topic: "answer", payload: [2]))
    }
    try connection.subscribe(to: "answer") { _ in connection.stop() }
    try client.connect()
    try client.publish(OutgoingMessage(topic: "question", payload: [1]))
    #expect(client.states.wait { $0.last == .stopped })
    // From any other thread it also waits for the end.
    connection.stop()
  }

  @Test func `descriptors from 1024 on do no harm`() throws {
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    guard limit.rlim_max > 1200 else {
      print("SKIPPED: descriptors from 1024 on, as the hard limit is \(limit.rlim_max)")
      return
    }
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 4096))
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let broker = try RealBroker()
    var held: [Int32] = []
    while (held.last ?? -1) < 1030 {
      let next = dup(0)
      guard next >= 0 else { break }
      held.append(next)
    }
    defer { held.forEach { close($0) } }
    let client = try BrokerClient(broker.url)
    try client.subscribe("t")
    try client.connect()
    try client.publish(OutgoingMessage(topic: "t", payload: [1]))
    #expect(client.messages.wait { $0.count == 1 })
    client.connection.stop()
  }
}
