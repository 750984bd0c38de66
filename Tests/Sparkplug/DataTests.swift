import Pipelines
import Testing

@testable import Sparkplug

@Suite struct DataTests {
  @Test func `live data is told by alias with the time of its capture, at most once`() throws {
    var scene = try Scene()
    let births = scene.connect()
    let sent = scene.tick()
    let messages = try #require(try scene.node.publish(live: Scene.sample(5, frame: 17, count: 2), at: sent).messages)
    #expect(messages.map(\.topic) == ["spBv1.0/plant-a/DDATA/line-3/surface"])
    #expect(!messages[0].isAtLeastOnce && !messages[0].isRetained)
    let payload = try messages[0].decoded
    #expect(payload.timestamp == sent.sparkplugMilliseconds && payload.sequence == 2)
    let names = try births.aliases
    var told: [String: SparkplugPayload.Value] = [:]
    for metric in payload.metrics {
      #expect(metric.name == nil && metric.dataType == nil && !metric.isHistorical)
      #expect(metric.timestamp == Scene.start.sparkplugMilliseconds + 5)
      told[names[metric.alias ?? 0] ?? "?"] = metric.value
    }
    // The model's name and version are as the birth told them.
    #expect(
      told == [
        "Detections/Count": .int(2), "Detections/Best Label": .string("scratch"), "Detections/Best Score": .float(0.75), "Detections/Message": .string("{}"),
        "Frame/Number": .long(17), "Frame/Clock Synchronised": .boolean(true),
      ])
  }

  @Test func `only what has changed is told again`() throws {
    var scene = try Scene()
    let names = try scene.connect().aliases
    func told(_ sample: SparkplugSample) throws -> [String?] {
      let messages = try #require(try scene.node.publish(live: sample, at: scene.tick()).messages)
      return try messages.flatMap { try $0.decoded.metrics }.map { names[$0.alias ?? 0] }
    }
    #expect(try told(Scene.sample(1, frame: 1)).count == 6)
    #expect(try told(Scene.sample(2, frame: 2)) == ["Frame/Number"])
    #expect(try told(Scene.sample(3, frame: 2)) == [])
    #expect(try told(Scene.sample(4, frame: 3, count: 0)) == ["Detections/Count", "Detections/Best Label", "Detections/Best Score", "Frame/Number"])
  }

  @Test func `a value that is gone is null`() throws {
    var scene = try Scene()
    scene.connect()
    _ = try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick())
    let messages = try #require(try scene.node.publish(live: Scene.sample(2, frame: 2, count: 0), at: scene.tick()).messages)
    let null = try messages[0].decoded.metrics.filter(\.isNull)
    #expect(null.count == 2 && null.allSatisfy { $0.value == nil })
  }

  @Test func `a birth tells the newest values, and data after it only what differs from those`() throws {
    var scene = try Scene()
    #expect(try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick()) == .store)
    #expect(try scene.node.publish(live: Scene.sample(2, frame: 2, count: 3), at: scene.tick()) == .store)
    let birth = scene.connect()[1]
    #expect(try birth.metric("Frame/Number")?.value == .long(2))
    #expect(try birth.metric("Frame/Number")?.timestamp == Scene.start.sparkplugMilliseconds + 2)
    #expect(try birth.decoded.metrics.allSatisfy { !$0.isHistorical })
    scene.node.backlogDrained()
    let messages = try #require(try scene.node.publish(live: Scene.sample(3, frame: 3, count: 3), at: scene.tick()).messages)
    #expect(try messages[0].decoded.metrics.count == 1)
  }

  @Test func `stored samples go first, live ones queue behind them`() throws {
    var scene = try Scene(backlogged: true)
    scene.connect()
    #expect(scene.node.mayPublishData && !scene.node.mayPublishLiveData)
    #expect(try scene.node.publish(live: Scene.sample(2, frame: 2), at: scene.tick()) == .store)
    let messages = try scene.node.publish(stored: [Scene.sample(2, frame: 2), Scene.sample(1, frame: 1)], at: scene.tick())
    #expect(messages.kinds == ["DDATA"])
    let metrics = try messages[0].decoded.metrics
    #expect(metrics.count == 16 && metrics.allSatisfy { $0.isHistorical && $0.alias != nil && $0.name == nil })
    let times = metrics.map { ($0.timestamp ?? 0) - Scene.start.sparkplugMilliseconds }
    #expect(times == [UInt64](repeating: 1, count: 8) + [UInt64](repeating: 2, count: 8))
    scene.node.backlogDrained()
    #expect(scene.node.mayPublishLiveData)
    let live = try #require(try scene.node.publish(live: Scene.sample(3, frame: 3), at: scene.tick()).messages)
    #expect(try live[0].decoded.metrics.allSatisfy { !$0.isHistorical })
  }

  @Test func `once one sample is stored, so are all after it, until the store is empty`() throws {
    var scene = try Scene()
    #expect(!scene.node.hasBacklog)
    #expect(try scene.node.publish(live: Scene.sample(1, frame: 1), at: scene.tick()) == .store)
    scene.connect()
    #expect(scene.node.hasBacklog)
    #expect(try scene.node.publish(live: Scene.sample(2, frame: 2), at: scene.tick()) == .store)
  }

  @Test func `what the transport refused goes back to the store, and births mend the sequence`() throws {
    var scene = try Scene()
    scene.connect()
    let sample = Scene.sample(1, frame: 1)
    _ = try scene.node.publish(live: sample, at: scene.tick())
    scene.node.backlogBegan()
    var messages = scene.node.rebirth(at: scene.tick())
    #expect(try scene.node.publish(live: Scene.sample(2, frame: 2), at: scene.tick()) == .store)
    messages += try scene.node.publish(stored: [sample, Scene.sample(2, frame: 2)], at: scene.tick())
    #expect(messages.kinds == ["NBIRTH", "DBIRTH", "DDATA"])
    #expect(try messages.sequences == [0, 1, 2])
  }

  @Test func `stored data must wait for the session`() throws {
    var scene = try Scene(primaryHost: Scene.host)
    for _ in 0..<2 {
      do throws(SparkplugError) {
        _ = try scene.node.publish(stored: [Scene.sample(1, frame: 1)], at: Scene.start)
        Issue.record("published without a session")
      } catch { #expect(error.code == .notInSession) }
      scene.connect()
    }
  }

  @Test func `stored samples fill messages up to a bound, devices and equal times apart`() throws {
    var scene = try Scene(devices: ["surface", "label"])
    scene.connect()
    let many = (0..<150).map { Scene.sample(Int64($0), frame: UInt64($0)) }
    let messages = try scene.node.publish(stored: many, at: scene.tick())
    #expect(try messages.map { try $0.decoded.metrics.count } == [64 * 8, 64 * 8, 22 * 8])
    #expect(try messages.sequences == [3, 4, 5])
    let mixed = [Scene.sample(200, frame: 1), Scene.sample(201, frame: 2, device: "label"), Scene.sample(202, frame: 3), Scene.sample(202, frame: 4)]
    let apart = try scene.node.publish(stored: mixed, at: scene.tick())
    #expect(apart.map { $0.topic.split(separator: "/").last } == ["surface", "label", "surface", "surface"])
    let large = String(repeating: "x", count: 40_000)
    let bulky = try scene.node.publish(stored: (300..<303).map { Scene.sample(Int64($0), frame: 1, message: large) }, at: scene.tick())
    #expect(bulky.count == 3)
    #expect(try scene.node.publish(stored: [], at: scene.tick()).isEmpty)
  }

  @Test func `a sample older than live data before it goes out as history`() throws {
    var scene = try Scene()
    scene.connect()
    _ = try scene.node.publish(live: Scene.sample(5, frame: 5), at: scene.tick())
    let messages = try #require(try scene.node.publish(live: Scene.sample(4, frame: 4), at: scene.tick()).messages)
    let metrics = try messages[0].decoded.metrics
    #expect(metrics.count == 8 && metrics.allSatisfy(\.isHistorical))
    // What is true now is still the newer sample.
    #expect(try scene.isAskedForBirths().messages[1].metric("Frame/Number")?.value == .long(5))
    // A rebirth doesn't make the older one news either.
    let again = try #require(try scene.node.publish(live: Scene.sample(4, frame: 4), at: scene.tick()).messages)
    #expect(try again[0].decoded.metrics.allSatisfy(\.isHistorical))
  }

  @Test func `a sample older than what a birth told goes out as history, also after another birth of its device`() throws {
    var scene = try Scene()
    _ = try scene.node.publish(live: Scene.sample(10, frame: 10), at: scene.tick())
    scene.connect()
    scene.node.backlogDrained()
    for _ in 0..<2 {
      let messages = try #require(try scene.node.publish(live: Scene.sample(9, frame: 9), at: scene.tick()).messages)
      #expect(try messages.count == 1 && messages.allSatisfy { try $0.decoded.metrics.allSatisfy(\.isHistorical) })
      _ = try scene.node.deviceBorn("surface", metrics: SparkplugMetrics.device(model: "m", version: "1"), at: scene.tick())
    }
  }

  @Test func `of stored samples among which one can't be told, none takes a number`() throws {
    var scene = try Scene()
    scene.connect()
    let samples = [Scene.sample(1, frame: 1), Scene.sample(1, frame: 2), Scene.sample(2, frame: 3, device: "nobody")]
    #expect(throws: SparkplugError.self) { _ = try scene.node.publish(stored: samples, at: scene.tick()) }
    #expect(try scene.node.publish(stored: Array(samples.prefix(1)), at: scene.tick()).sequences == [2])
  }

  @Test func `after the clock was set back, what comes is live again`() throws {
    var scene = try Scene()
    scene.connect()
    let future = SparkplugSample(
      device: "surface", capturedAt: WallTime(microseconds: Scene.start.microseconds * 2), metrics: Scene.sample(0, frame: 1).metrics)
    _ = try scene.node.publish(live: future, at: future.capturedAt)
    let messages = try #require(try scene.node.publish(live: Scene.sample(1, frame: 2), at: scene.tick()).messages)
    #expect(try messages[0].decoded.metrics.allSatisfy { !$0.isHistorical })
    #expect(try scene.isAskedForBirths().messages[1].metric("Frame/Number")?.value == .long(2))
  }

  @Test func `metrics that a present birth doesn't define are left out of history`() throws {
    var scene = try Scene()
    scene.connect()
    let old = SparkplugSample(
      device: "surface", capturedAt: Scene.start, metrics: [.init("Gone", .int32(1)), .init("Frame/Number", .int32(1)), .init("Detections/Count", .int32(3))])
    let messages = try scene.node.publish(stored: [old], at: scene.tick())
    #expect(try messages.map { try $0.decoded.metrics.map(\.value) } == [[.int(3)]])
    let unknown = SparkplugSample(device: "surface", capturedAt: Scene.start, metrics: [.init("Gone", .int32(1))])
    #expect(try scene.node.publish(stored: [unknown], at: scene.tick()).isEmpty)
  }

  @Test func `live metrics that the birth doesn't define are an error`() throws {
    var scene = try Scene()
    scene.connect()
    for metric in [SparkplugMetric("Gone", .int32(1)), SparkplugMetric("Frame/Number", .int32(1))] {
      do throws(SparkplugError) {
        _ = try scene.node.publish(live: SparkplugSample(device: "surface", capturedAt: Scene.start, metrics: [metric]), at: Scene.start)
        Issue.record("\(metric) was published")
      } catch { #expect(error.code == .unknownMetric) }
    }
  }

  @Test(arguments: ["nobody", "surface"]) func `a device that isn't born tells nothing`(device: String) throws {
    var scene = try Scene()
    scene.connect()
    _ = scene.node.deviceDied("surface", at: scene.tick())
    do throws(SparkplugError) {
      _ = try scene.node.publish(live: Scene.sample(1, frame: 1, device: device), at: Scene.start)
      Issue.record("published")
    } catch { #expect(error.code == .unknownDevice) }
    do throws(SparkplugError) {
      _ = try scene.node.publish(stored: [Scene.sample(1, frame: 1, device: device)], at: Scene.start)
      Issue.record("published")
    } catch { #expect(error.code == .unknownDevice) }
  }

  @Test func `the node's own data is NDATA`() throws {
    var scene = try Scene()
    let names = try scene.connect().aliases
    let sample = SparkplugSample(device: nil, capturedAt: Scene.start, metrics: [SparkplugMetric("Properties/OS", .string("Debian 12"))])
    let messages = try #require(try scene.node.publish(live: sample, at: scene.tick()).messages)
    #expect(messages.map(\.topic) == ["spBv1.0/plant-a/NDATA/line-3"])
    let metric = try #require(try messages[0].decoded.metrics.first)
    #expect(names[metric.alias ?? 0] == "Properties/OS" && metric.value == .string("Debian 12"))
    #expect(try messages.sequences == [2])
    #expect(try scene.node.publish(stored: [sample], at: scene.tick()).kinds == ["NDATA"])
  }
}
