import Pipelines
import Testing

@testable import Sparkplug

@Suite struct SessionTests {
  @Test func `the will is an NDEATH with the birth's number and nothing else`() throws {
    var scene = try Scene()
    let connection = scene.node.beginConnection(at: Scene.start)
    let will = connection.lastWill
    #expect(will.topic == "spBv1.0/plant-a/NDEATH/line-3")
    #expect(will.isAtLeastOnce && !will.isRetained)
    let payload = try will.decoded
    #expect(payload.sequence == nil)
    #expect(payload.metrics == [.init(name: "bdSeq", timestamp: 1_772_348_709_000, dataType: 4, value: .long(0))])
    #expect(connection.birthDeathSequence == 0)
  }

  @Test func `commands are subscribed to, and the primary host's state if there is one`() throws {
    var (alone, hosted) = (try Scene(), try Scene(primaryHost: Scene.host))
    #expect(alone.node.beginConnection(at: Scene.start).subscriptions == [Scene.commandTopic])
    #expect(hosted.node.beginConnection(at: Scene.start).subscriptions == [Scene.commandTopic, Scene.stateTopic])
  }

  @Test func `the NBIRTH comes first, then every device's birth, at most once and not retained`() throws {
    var scene = try Scene(devices: ["surface", "label"])
    let messages = scene.connect()
    #expect(
      messages.map(\.topic) == [
        "spBv1.0/plant-a/NBIRTH/line-3", "spBv1.0/plant-a/DBIRTH/line-3/surface", "spBv1.0/plant-a/DBIRTH/line-3/label",
      ])
    #expect(messages.allSatisfy { !$0.isAtLeastOnce && !$0.isRetained })
    #expect(try messages.sequences == [0, 1, 2])
    #expect(scene.node.phase == .inSession && scene.node.mayPublishData)
  }

  @Test func `nothing is born before the connection is established`() throws {
    var scene = try Scene(devices: [])
    #expect(try scene.node.deviceBorn("surface", metrics: [], at: Scene.start).isEmpty)
    _ = scene.node.beginConnection(at: Scene.start)
    #expect(try scene.node.deviceBorn("label", metrics: [], at: Scene.start).isEmpty)
    #expect(scene.node.rebirth(at: Scene.start).isEmpty && !scene.node.mayPublishData)
    #expect(scene.node.connectionEstablished(at: Scene.start).messages.kinds == ["NBIRTH", "DBIRTH", "DBIRTH"])
    #expect(scene.node.connectionEstablished(at: Scene.start).isEmpty)
  }

  @Test func `the NBIRTH has the will's number and a rebirth control without an alias`() throws {
    var scene = try Scene(nextBirthDeathSequence: 7)
    let will = scene.node.beginConnection(at: scene.tick()).lastWill
    let birth = try #require(scene.node.connectionEstablished(at: scene.tick()).messages.first)
    let number = try #require(try birth.metric("bdSeq"))
    #expect(number.value == .long(7) && number.dataType == 4)
    #expect(try will.metric("bdSeq")?.value == number.value)
    let rebirth = try #require(try birth.metric("Node Control/Rebirth"))
    #expect(rebirth.value == .boolean(false) && rebirth.dataType == 11 && rebirth.alias == nil)
  }

  @Test func `every metric of a birth has name, type, timestamp, value or null, and an alias of its own`() throws {
    var scene = try Scene(devices: ["surface", "label"])
    let births = scene.connect()
    let metrics = try births.flatMap { try $0.decoded.metrics }
    for metric in metrics {
      #expect(metric.name != nil && metric.dataType != nil && metric.timestamp != nil)
      #expect(metric.isNull == (metric.value == nil) && !metric.isHistorical)
    }
    let aliases = metrics.filter { $0.name != "Node Control/Rebirth" }.map(\.alias)
    #expect(!aliases.contains(nil) && Set(aliases).count == aliases.count)
    for birth in births { #expect(try birth.decoded.timestamp == scene.now.sparkplugMilliseconds) }
  }

  @Test func `each attempt to connect has a number of its own, and after 255 comes 0`() throws {
    var scene = try Scene()
    for attempt in 0..<600 {
      let connection = scene.node.beginConnection(at: scene.tick())
      #expect(connection.birthDeathSequence == UInt8(attempt % 256))
      #expect(try connection.lastWill.metric("bdSeq")?.value == .long(UInt64(attempt % 256)))
      // Every third attempt fails before it is a connection, without a word about its end.
      if attempt % 3 != 0 {
        let births = scene.node.connectionEstablished(at: scene.tick()).messages
        #expect(try births.first?.metric("bdSeq")?.value == .long(UInt64(attempt % 256)))
        scene.node.connectionLost()
      }
    }
    #expect(scene.node.nextBirthDeathSequence == 88)
  }

  @Test func `the sequence runs over node and devices, and after 255 comes 0`() throws {
    var scene = try Scene(devices: ["surface", "label"])
    var messages = scene.connect()
    for frame in 1...700 {
      let sample = Scene.sample(Int64(frame), frame: UInt64(frame), device: frame % 2 == 0 ? "surface" : "label")
      messages += try #require(try scene.node.publish(live: sample, at: scene.tick()).messages)
      if frame % 100 == 0 { messages += scene.node.deviceDied("label", at: scene.tick()) }
      if frame % 100 == 0 { messages += try scene.node.deviceBorn("label", metrics: SparkplugMetrics.device(model: "m", version: "1"), at: scene.tick()) }
    }
    #expect(messages.count == 3 + 700 + 14)
    #expect(try messages.sequences == messages.indices.map { UInt64($0 % 256) })
  }

  @Test func `a new connection begins a new session`() throws {
    var scene = try Scene()
    scene.connect()
    _ = try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick())
    scene.node.connectionLost()
    #expect(scene.node.phase == .disconnected && !scene.node.mayPublishData)
    let births = scene.connect()
    #expect(births.kinds == ["NBIRTH", "DBIRTH"])
    #expect(try births.sequences == [0, 1])
    #expect(try births[0].metric("bdSeq")?.value == .long(1))
    #expect(try births[1].metric("Frame/Number")?.value == .long(1))
  }

  @Test func `an orderly end says the will itself, at least once`() throws {
    var scene = try Scene()
    let will = scene.node.beginConnection(at: Scene.start).lastWill
    _ = scene.node.connectionEstablished(at: scene.tick())
    let last = scene.node.finish(at: Scene.start)
    #expect(last == [will])
    #expect(scene.node.phase == .disconnected)
    #expect(scene.node.finish(at: Scene.start).isEmpty)
  }

  @Test func `who was never born doesn't die`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    #expect(scene.connect().isEmpty)
    #expect(scene.node.finish(at: Scene.start).isEmpty)
  }
}
