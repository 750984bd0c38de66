import Testing

@testable import Sparkplug

@Suite struct DeviceTests {
  @Test func `a device that comes later is born within the session`() throws {
    var scene = try Scene()
    scene.connect()
    let messages = try scene.node.deviceBorn("label", metrics: SparkplugMetrics.device(model: "m", version: "1"), at: scene.tick())
    #expect(messages.map(\.topic) == ["spBv1.0/plant-a/DBIRTH/line-3/label"])
    #expect(try messages.sequences == [2])
    #expect(try scene.node.publish(live: Scene.sample(1, frame: 1, device: "label"), at: scene.tick()).messages?.count == 1)
  }

  @Test func `a death has a time and a sequence, and the device returns by a birth`() throws {
    var scene = try Scene()
    scene.connect()
    let died = scene.tick()
    let messages = scene.node.deviceDied("surface", at: died)
    #expect(messages.map(\.topic) == ["spBv1.0/plant-a/DDEATH/line-3/surface"])
    #expect(messages.allSatisfy { !$0.isAtLeastOnce && !$0.isRetained })
    #expect(try messages[0].decoded == SparkplugPayload(timestamp: died.sparkplugMilliseconds, sequence: 2))
    #expect(scene.node.deviceDied("surface", at: died).isEmpty && scene.node.deviceDied("nobody", at: died).isEmpty)
    #expect(scene.isAskedForBirths().messages.kinds == ["NBIRTH"] && !scene.node.isAlive("surface"))
    let back = try scene.node.deviceBorn("surface", metrics: SparkplugMetrics.device(model: "m", version: "1"), at: scene.tick())
    #expect(back.kinds == ["DBIRTH"] && scene.node.isAlive("surface"))
    #expect(try back.sequences == [1])
  }

  @Test func `a death without a session is only remembered`() throws {
    var scene = try Scene()
    #expect(scene.node.deviceDied("surface", at: Scene.start).isEmpty)
    #expect(scene.connect().kinds == ["NBIRTH"])
  }

  @Test func `the same metrics with other values are one birth, other metrics are all births`() throws {
    var scene = try Scene(devices: ["surface", "label"])
    let first = try scene.connect().aliases
    let metrics = SparkplugMetrics.device(model: "m", version: "2")
    let same = try scene.node.deviceBorn("surface", metrics: metrics, at: scene.tick())
    #expect(same.kinds == ["DBIRTH"])
    #expect(try same[0].metric("Model/Version")?.value == .string("2"))
    let more = try scene.node.deviceBorn("surface", metrics: metrics + [.init("Extra", .boolean(true))], at: scene.tick())
    #expect(more.kinds == ["NBIRTH", "DBIRTH", "DBIRTH"])
    #expect(try more.sequences == [0, 1, 2])
    #expect(try more[0].metric("bdSeq")?.value == .long(0))
    let aliases = try more.aliases
    #expect(aliases.count == first.count + 1 && first.allSatisfy { aliases[$0.key] == $0.value })
  }

  @Test func `a dead device may come back with other metrics by its birth alone`() throws {
    var scene = try Scene()
    scene.connect()
    _ = scene.node.deviceDied("surface", at: scene.tick())
    #expect(try scene.node.deviceBorn("surface", metrics: [.init("Other", .boolean(true))], at: scene.tick()).kinds == ["DBIRTH"])
  }

  @Test func `other metrics of the node are all births`() throws {
    var scene = try Scene()
    #expect(try scene.node.nodeMetricsChanged([.init("Extra", .boolean(true))], at: Scene.start).isEmpty)
    #expect(try scene.connect()[0].metric("Extra") != nil)
    let messages = try scene.node.nodeMetricsChanged([.init("Other", .boolean(true))], at: scene.tick())
    #expect(messages.kinds == ["NBIRTH", "DBIRTH"])
    #expect(try messages[0].metric("Other") != nil && messages[0].metric("Extra") == nil)
  }

  @Test func `what can't be born leaves everything as it was`() throws {
    var scene = try Scene()
    scene.connect()
    let twice = [SparkplugMetric("a", .boolean(true)), SparkplugMetric("a", .boolean(true))]
    #expect(throws: SparkplugError.self) { _ = try scene.node.deviceBorn("surface", metrics: twice, at: scene.tick()) }
    #expect(throws: SparkplugError.self) { _ = try scene.node.nodeMetricsChanged(twice, at: scene.tick()) }
    #expect(try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick()).messages?.sequences == [2])
  }

  @Test func `a birth tells null for what no frame has told, and everything after one`() throws {
    var scene = try Scene()
    let before = try scene.connect()[1].decoded.metrics
    #expect(before.filter(\.isNull).count == 7)
    _ = try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick())
    let after = try scene.isAskedForBirths().messages[1].decoded.metrics
    #expect(after.filter(\.isNull).map(\.name) == ["Outbox/Gap"] && after.map(\.name) == before.map(\.name) && after.map(\.dataType) == before.map(\.dataType))
  }
}
