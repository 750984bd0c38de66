import Pipelines
import Testing

@testable import Sparkplug

@Suite struct CommandTests {
  @Test func `a rebirth request is answered by all births with the same number`() throws {
    var scene = try Scene(devices: ["surface", "label", "gone"])
    let first = scene.connect()
    _ = scene.node.deviceDied("gone", at: scene.tick())
    _ = try scene.node.publish(live: Scene.sample(1, frame: 4), at: scene.tick())
    let actions = scene.isAskedForBirths()
    let again = actions.messages
    #expect(actions.count == again.count && again.kinds == ["NBIRTH", "DBIRTH", "DBIRTH"])
    #expect(try again.sequences == [0, 1, 2])
    #expect(try again[0].metric("bdSeq")?.value == first[0].metric("bdSeq")?.value)
    #expect(try again[1].metric("Frame/Number")?.value == .long(4))
    #expect(try again.aliases.allSatisfy { try first.aliases[$0.key] == $0.value })
    let next = try #require(try scene.node.publish(live: Scene.sample(2, frame: 5), at: scene.tick()).messages)
    #expect(try next.sequences == [3])
  }

  @Test func `a request among other metrics, or given twice, is one request`() throws {
    var scene = try Scene()
    scene.connect()
    let command = SparkplugPayload(
      timestamp: 1,
      metrics: [
        .init(name: "x", value: .int(1)), .init(name: "Node Control/Rebirth", value: .boolean(true)),
        .init(name: "Node Control/Rebirth", value: .boolean(true)),
      ])
    let actions = scene.node.receive(topic: Scene.commandTopic, payload: command.encoded(), at: scene.tick())
    #expect(actions.messages.kinds == ["NBIRTH", "DBIRTH"])
  }

  @Test(arguments: [
    ("Node Control/Rebirth", SparkplugPayload.Value.boolean(false)), ("Node Control/Rebirth", .int(1)), ("node control/rebirth", .boolean(true)),
    ("Node Control/Reboot", .boolean(true)), ("bdSeq", .long(9)), ("Detections/Count", .int(9)),
  ])
  func `other commands change nothing`(name: String, value: SparkplugPayload.Value) throws {
    var scene = try Scene()
    scene.connect()
    let actions = scene.isAskedForBirths(by: name, value)
    #expect(actions.complaints == [.unknownCommand] && actions.count == 1)
  }

  @Test func `a request that says null, or only an alias, changes nothing`() throws {
    var scene = try Scene()
    scene.connect()
    var null = SparkplugPayload.Metric(name: "Node Control/Rebirth", value: .boolean(true))
    null.isNull = true
    for metric in [null, SparkplugPayload.Metric(alias: 1, value: .boolean(true))] {
      let actions = scene.node.receive(topic: Scene.commandTopic, payload: SparkplugPayload(metrics: [metric]).encoded(), at: scene.tick())
      #expect(actions.complaints == [.unknownCommand])
    }
  }

  @Test func `a request before the births needs no answer`() throws {
    var scene = try Scene()
    _ = scene.node.beginConnection(at: scene.tick())
    #expect(scene.isAskedForBirths().isEmpty)
    #expect(scene.node.connectionEstablished(at: scene.tick()).messages.kinds == ["NBIRTH", "DBIRTH"])
  }

  @Test func `malformed commands are named and change nothing`() throws {
    var scene = try Scene()
    scene.connect()
    #expect(scene.node.receive(topic: Scene.commandTopic, payload: [0x12, 0x7F], at: scene.tick()).complaints == [.malformedPayload])
    let large = [UInt8](repeating: 0x08, count: 70_000)
    #expect(scene.node.receive(topic: Scene.commandTopic, payload: large, at: scene.tick()).complaints == [.payloadTooLarge])
    #expect(scene.node.phase == .inSession)
  }

  @Test(arguments: ["spBv1.0/plant-a/NCMD/line-4", "spBv1.0/plant-a/DCMD/line-3/surface", "spBv1.0/STATE/other", "STATE/scada", ""])
  func `other topics aren't this edge node's`(topic: String) throws {
    var scene = try Scene(primaryHost: Scene.host)
    scene.connect()
    let actions = scene.node.receive(topic: topic, payload: Array(#"{"online":true,"timestamp":1}"#.utf8), at: scene.tick())
    #expect(actions.complaints == [.unexpectedTopic] && scene.node.phase == .waitingForHost)
  }

  @Test(arguments: 0..<20) func `whatever comes in, the session stays sound`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var scene = try Scene(primaryHost: Scene.host)
    var expected: UInt64 = 0
    for step in 0..<400 {
      var published: [SparkplugMessage] = []
      let time = UInt64(random.below(20))
      switch random.below(9) {
      case 0:
        _ = scene.node.beginConnection(at: scene.tick())
      case 1: published = scene.node.connectionEstablished(at: scene.tick()).messages
      case 2: scene.node.connectionLost()
      case 3: published = scene.hears(#"{"online":\#(random.below(3) > 0),"timestamp":\#(time)}"#).messages
      case 4: published = scene.isAskedForBirths().messages
      case 5:
        let noise = (0..<random.below(30)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        published = scene.node.receive(topic: Scene.commandTopic, payload: noise, at: scene.tick()).messages
      case 6: published = scene.node.deviceDied("surface", at: scene.tick())
      case 7: published = try scene.node.deviceBorn("surface", metrics: SparkplugMetrics.device(model: "m", version: "1"), at: scene.tick())
      default:
        guard let delivery = try? scene.node.publish(live: Scene.sample(Int64(step), frame: UInt64(step)), at: scene.tick()) else { continue }
        published = delivery.messages ?? []
        if published.isEmpty { scene.node.backlogDrained() }
      }
      for message in published where message.kind != "NDEATH" {
        if message.kind == "NBIRTH" { expected = 0 }
        #expect(try message.decoded.sequence == expected)
        expected = (expected + 1) % 256
        #expect(scene.node.phase == .inSession && scene.node.hostPresence == .online)
      }
    }
  }
}
