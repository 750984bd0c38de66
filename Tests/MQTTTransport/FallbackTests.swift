import Foundation
@testable import MQTTTransport
import Pipelines
import TestBroker
import Testing

/// Several brokers, sessions and messages that last, certificates and clocks that change.
@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct FallbackTests {
  private func isDisconnected(_ state: BrokerState) -> Bool {
    if case .disconnected = state { true } else { false }
  }

  @Test func `where the primary can't be reached the fallback serves, until the primary is back`() throws {
    let (primary, fallback) = (try RealBroker(), try RealBroker())
    primary.kill()
    let will = BrokerSettings.LastWill(topic: "state", payload: [0])
    let watcher = try BrokerClient(fallback.url, id: "watcher")
    try watcher.subscribe("#")
    try watcher.connect()
    defer { watcher.connection.stop() }
    let client = try BrokerClient(primary.url) {
      $0.fallbacks = [BrokerAddress(host: "localhost", port: fallback.port, usesTLS: false)]
      $0.returnInterval = .seconds(1)
      $0.lastWill = will
    }
    try client.connect()
    defer { client.connection.stop() }
    #expect(client.connection.address.port == fallback.port)
    try client.publish(OutgoingMessage(topic: "here", payload: [1]))
    #expect(watcher.messages.wait { $0.contains { $0.topic == "here" } })
    let elsewhere = #expect(throws: MQTTTransportError.self) { try client.connection.publish(OutgoingMessage(topic: "here", payload: []), in: 99) }
    #expect(elsewhere?.message == "not connected to \(BrokerAddress(host: "localhost", port: fallback.port, usesTLS: false))")
    try primary.start()
    #expect(client.waitUntilConnected(times: 2))
    #expect(client.connection.address.port == primary.port)
    // Whoever listens at the fallback is told.
    #expect(watcher.messages.wait { $0.contains { $0.topic == "state" } })
    // Lost at the primary, it goes round again.
    primary.kill()
    #expect(client.waitUntilConnected(times: 3))
    #expect(client.connection.address.port == fallback.port)
  }

  @Test func `a round over all addresses counts as one failure of the back-off`() throws {
    let client = try BrokerClient("mqtt://127.0.0.1:\(try LoopbackPort.free())") {
      $0.fallbacks = [BrokerAddress(host: "127.0.0.1", port: try! LoopbackPort.free(), usesTLS: false)]
      $0.backOff = (.milliseconds(8), .milliseconds(256))
    }
    try client.start()
    #expect(client.states.wait { $0.count(where: isDisconnected) >= 8 })
    client.connection.stop()
    let delays = client.states.all.compactMap { state in if case .disconnected(_, let delay) = state { delay } else { nil } }
    for round in 0..<4 {
      #expect(delays[2 * round] >= .milliseconds(4) && delays[2 * round] <= .milliseconds(8))
      #expect(delays[2 * round + 1] >= .milliseconds(4 << round) && delays[2 * round + 1] <= .milliseconds(8 << round))
    }
  }

  @Test func `an encrypted broker has no plain fallback`() {
    var settings = BrokerSettings(address: BrokerAddress(host: "a", port: 1, usesTLS: true), clientID: "x")
    settings.fallbacks = [BrokerAddress(host: "b", port: 1, usesTLS: false)]
    let error = #expect(throws: MQTTTransportError.self) { try BrokerConnection(settings) }
    #expect(error?.message.contains("mqtt://b:1") == true)
  }

  @Test func `a session that lasts keeps what came while its client was away`() throws {
    let broker = try RealBroker()
    let sender = try BrokerClient(broker.url, id: "sender")
    try sender.connect()
    defer { sender.connection.stop() }
    func visit(_ prepare: (BrokerClient) -> Void) throws {
      let client = try BrokerClient(broker.url, id: "lasting") { $0.sessionExpiry = .seconds(60) }
      try client.subscribe("kept")
      try client.connect()
      #expect(client.subscriptions.wait { !$0.isEmpty })
      prepare(client)
      client.connection.stop()
    }
    try visit { #expect($0.messages.all.isEmpty) }
    try sender.publish(OutgoingMessage(topic: "kept", payload: [1], expiry: .seconds(1)))
    try sender.publish(OutgoingMessage(topic: "kept", payload: [2], expiry: .seconds(60)))
    try sender.publish(OutgoingMessage(topic: "kept", payload: [3]))
    #expect(sender.deliveries.wait { $0.count == 3 })
    // The broker counts in whole seconds.
    Thread.sleep(forTimeInterval: 3)
    try visit { client in
      #expect(client.messages.wait { $0.count == 2 })
      #expect(client.messages.all.map(\.payload) == [[2], [3]])
    }
  }

  @Test func `each attempt has the last will that it is given, and a restart can have it published`() throws {
    let broker = try RealBroker()
    let watcher = try BrokerClient(broker.url, id: "watcher")
    try watcher.subscribe("will")
    try watcher.connect()
    defer { watcher.connection.stop() }
    let client = try BrokerClient(broker.url)
    let attempts = Recorder<Int>()
    client.connection.onAttempt {
      attempts.append(attempts.all.count + 1)
      return BrokerSettings.LastWill(topic: "will", payload: [UInt8(attempts.all.count)], isRetained: false)
    }
    try client.connect()
    defer { client.connection.stop() }
    try client.publish(OutgoingMessage(topic: "will", payload: [100]))
    client.connection.restart(draining: .seconds(30), sendingWill: true)
    #expect(client.waitUntilConnected(times: 2))
    #expect(watcher.messages.wait { $0.count == 2 })
    #expect(watcher.messages.all.map(\.payload) == [[100], [1]])
    client.connection.restart(sendingWill: false)
    #expect(client.waitUntilConnected(times: 3))
    #expect(watcher.messages.all.count == 2 && attempts.all == [1, 2, 3])
  }

  @Test func `certificates that are replaced on disk serve the next attempt`() throws {
    let (authority, stranger) = (try TestAuthority(), try TestAuthority())
    var options = RealBroker.Options()
    options.authority = authority
    let broker = try RealBroker(options)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-rotation-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func install(_ source: String, _ name: String) throws -> String {
      let target = folder.appendingPathComponent(name)
      try Data(contentsOf: URL(fileURLWithPath: source)).write(to: target)
      return target.path
    }
    let client = try BrokerClient(broker.url) {
      $0.tls = .init(
        authority: try! install(authority.certificate, "ca.pem"), certificate: try! install(stranger.client.certificate, "own.pem"),
        key: try! install(stranger.client.key, "own.key"))
    }
    try client.start()
    defer { client.connection.stop() }
    #expect(client.firstError()?.code == .tls)
    _ = try install(authority.client.certificate, "own.pem")
    _ = try install(authority.client.key, "own.key")
    #expect(client.waitUntilConnected())
  }

  @Test func `TLS older than 1_2 is refused`() throws {
    let authority = try TestAuthority()
    let port = try LoopbackPort.free()
    let server = Process()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    server.arguments = [
      "s_server", "-accept", "127.0.0.1:\(port)", "-cert", authority.broker.certificate, "-key", authority.broker.key, "-tls1_1", "-cipher",
      "ALL:@SECLEVEL=0", "-quiet",
    ]
    server.standardOutput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    try server.run()
    // It may be deaf to SIGTERM, as whoever started it.
    defer {
      kill(server.processIdentifier, SIGKILL)
      server.waitUntilExit()
    }
    let deadline = Date(timeIntervalSinceNow: 20)
    while !LoopbackPort.accepts(port), Date() < deadline { usleep(20_000) }
    let client = try BrokerClient("mqtts://localhost:\(port)") { $0.tls = .init(authority: authority.certificate) }
    try client.start()
    defer { client.connection.stop() }
    #expect(client.firstError()?.code == .tls, "\(client.states.all)")
  }

  @Test func `a certificate that fails while nobody keeps the clock names the clock`() {
    let moment = WallTime(microseconds: 1_000_000)
    let hint = MosquittoSession.clockHint("error:0A000086:SSL routines::certificate verify failed", .unsynchronised, moment)
    #expect(hint.contains("1970-01-01T00:00Z") && hint.contains("as soon as the clock is set"))
    #expect(MosquittoSession.clockHint("error:0A000086:SSL routines::certificate verify failed", .synchronised, moment).isEmpty)
    #expect(MosquittoSession.clockHint("error: unknown ca", .unsynchronised, moment).isEmpty)
  }
}
