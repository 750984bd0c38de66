import Testing

@testable import Sparkplug

@Suite struct PrimaryHostTests {
  private static func state(_ isOnline: Bool, _ timestamp: UInt64) -> String { #"{"online":\#(isOnline),"timestamp":\#(timestamp)}"# }

  /// In session with a host that came online at 10.
  private static func session() throws -> Scene {
    var scene = try Scene(primaryHost: Scene.host)
    scene.connect()
    #expect(scene.hears(state(true, 10)).messages.kinds == ["NBIRTH", "DBIRTH"])
    return scene
  }

  @Test func `births wait until the primary host is online`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    #expect(scene.connect().isEmpty)
    #expect(scene.node.phase == .waitingForHost && !scene.node.mayPublishData)
    #expect(try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick()) == .store)
    #expect(scene.hears(Self.state(false, 9)).isEmpty)
    #expect(scene.node.hostPresence == .offline && !scene.node.mayPublishData)
    #expect(scene.hears(Self.state(true, 10)).messages.kinds == ["NBIRTH", "DBIRTH"])
    #expect(scene.node.hostPresence == .online && scene.node.mayPublishData)
  }

  @Test func `a state that comes before the subscriptions are acknowledged counts`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    _ = scene.node.beginConnection(at: scene.tick())
    #expect(scene.hears(Self.state(true, 10)).isEmpty)
    #expect(scene.node.connectionEstablished(at: scene.tick()).messages.kinds == ["NBIRTH", "DBIRTH"])
  }

  @Test(arguments: [UInt64(10), 11]) func `the host's going ends the session with an NDEATH and a new connection`(timestamp: UInt64) throws {
    var scene = try Self.session()
    let actions = scene.hears(Self.state(false, timestamp))
    #expect(actions.messages.kinds == ["NDEATH"] && actions.last == .reconnect && actions.count == 2)
    #expect(actions.messages[0].isAtLeastOnce)
    #expect(scene.node.phase == .disconnected && !scene.node.mayPublishData)
    #expect(scene.connect().isEmpty)
    // The retained message again: no further death, no further new connection.
    #expect(scene.hears(Self.state(false, timestamp)).isEmpty)
    let births = scene.hears(Self.state(true, timestamp + 1)).messages
    #expect(births.kinds == ["NBIRTH", "DBIRTH"])
    #expect(try births[0].metric("bdSeq")?.value == .long(1))
  }

  @Test func `a late will of an earlier connection of the host is passed over`() throws {
    var scene = try Self.session()
    #expect(scene.hears(Self.state(false, 9)).complaints == [.staleState])
    #expect(scene.node.phase == .inSession && scene.node.hostPresence == .online)
    // It didn't move the clock either.
    #expect(scene.hears(Self.state(true, 10)).isEmpty)
  }

  @Test func `a host is not online by a state that is older than one before`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    scene.connect()
    _ = scene.hears(Self.state(false, 20))
    #expect(scene.hears(Self.state(true, 19)).complaints == [.staleState])
    #expect(scene.node.phase == .waitingForHost)
    #expect(scene.hears(Self.state(true, 20)).messages.kinds == ["NBIRTH", "DBIRTH"])
  }

  @Test func `an offline state counts against the last online one, not against a later offline one`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    scene.connect()
    for (isOnline, timestamp) in [(true, UInt64(10)), (false, 30)] { _ = scene.hears(Self.state(isOnline, timestamp)) }
    scene.connect()
    #expect(scene.hears(Self.state(false, 10)).isEmpty)
    #expect(scene.hears(Self.state(true, 29)).complaints == [.staleState])
    #expect(scene.hears(Self.state(true, 30)).messages.kinds == ["NBIRTH", "DBIRTH"])
  }

  @Test func `the first state is believed whatever its time`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    scene.connect()
    #expect(scene.hears(Self.state(true, 0)).messages.count == 2)
  }

  @Test func `a new connection waits for the host's word again`() throws {
    var scene = try Self.session()
    scene.node.connectionLost()
    #expect(scene.node.hostPresence == .unknown)
    #expect(scene.connect().isEmpty)
    #expect(scene.hears(Self.state(true, 10)).messages.count == 2)
    // Also when nobody told of the end of the one before.
    #expect(scene.connect().isEmpty && scene.node.hostPresence == .unknown)
  }

  @Test func `a state that isn't understood changes nothing`() throws {
    var scene = try Self.session()
    #expect(scene.hears("OFFLINE").complaints == [.malformedState])
    #expect(scene.node.phase == .inSession)
  }

  @Test func `the host's second birth in a session changes nothing`() throws {
    var scene = try Self.session()
    #expect(scene.hears(Self.state(true, 11)).isEmpty)
    #expect(scene.hears(Self.state(false, 10)).complaints == [.staleState])
    #expect(scene.hears(Self.state(false, 11)).last == .reconnect)
  }

  @Test func `without a primary host its state isn't asked for`() throws {
    var scene = try Scene()
    scene.connect()
    #expect(scene.hears(Self.state(false, 1)).complaints == [.unexpectedTopic])
    #expect(scene.node.phase == .inSession)
  }
}
