import Capture
import Foundation
import GateClient
import Inspection
import JSONReading
import LocalPage
import ModelManifest
import Outbox
import Pipelines
import TestBroker
import TestPackages
import TestPages
import Testing

@testable import EdgeAgent

/// An agent on the simulated line that may be looked at.
private final class Watched: Sendable {
  let folder: TemporaryFolder
  let port: UInt16
  let configuration: AgentConfiguration
  private let agent: Agent
  let lines = Recorder<String>()
  private let seen = Recorder<Int>()

  init(_ adjust: (inout AgentConfiguration) -> Void = { _ in }, sensors: ((TemporaryFolder) throws -> Void)? = nil) throws {
    folder = try TemporaryFolder()
    port = try LoopbackPort.free()
    try sensors?(folder)
    var options = AgentOptions()
    options.sensors = folder.machineSensors
    options.sensorInterval = .milliseconds(50)
    options.openModel = { settings, _ throws(EdgeAgentError) in
      let bytes = FixedPackage.bytes(version: settings.model == .path("light") ? "2" : "1")
      do throws(ModelPackageError) { return try ModelPackage(bytes, origin: "fixed") } catch { throw EdgeAgentError(.model, error.description) }
    }
    options.onResult = { [seen] _ in seen.append(1) }
    var camera = CameraSettings(size: (160, 120))
    camera.frameRate = 100
    var pipeline = PipelineSettings(name: "surface", camera: "line", modelPath: "")
    pipeline.threads = 1
    var configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder.path + "/state"),
      cameras: [NamedCamera(name: "line", source: .conveyor, settings: camera)], pipelines: [pipeline])
    configuration.page = PageSettings(address: try PageAddress(parsing: "127.0.0.1:\(port)"))
    adjust(&configuration)
    self.configuration = configuration
    agent = Agent(options: options, log: AgentLog(name: "test", showsPriority: false) { [lines] in lines.append($0) })
  }

  var status: AgentStatus? { agent.status }

  /// Runs the agent while a thread of its own looks at it: the agent needs the few threads that tasks run on.
  func look<Result: Sendable>(after frames: Int = 20, _ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    let running = Task { try await agent.run(configuration) }
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Swift.Result<Result, any Error>, Never>) in
      Thread.detachNewThread { [seen] in
        _ = seen.wait { $0.count >= frames }
        continuation.resume(returning: Swift.Result { try body() })
      }
    }
    agent.stop()
    try await running.value
    return try result.get()
  }

  func waitForFrames(_ count: Int) {
    let before = seen.all.count
    _ = seen.wait { $0.count >= before + count }
  }

  /// The page, once it is there.
  func get(_ path: String) -> RawClient.Response? {
    _ = lines.wait { $0.contains { $0.contains("the page is at") } }
    return RawClient.get(port, path)
  }
}

extension JSONValue {
  fileprivate subscript(key: String) -> JSONValue? { if case .object(let members) = self { members[key] } else { nil } }
  fileprivate subscript(index: Int) -> JSONValue? { if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil } }
  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
  fileprivate var number: Double? { if case .number(let text) = self { Double(text) } else { nil } }
}

@Suite struct StatusTests {
  @Test func `metrics are well formed and say what the agent did`() async throws {
    let watched = try Watched(sensors: { try $0.sensors(celsius: 41, critical: 100) })
    let response = try await watched.look { watched.get("/metrics") }
    let metrics = try Exposition(try #require(response).text)
    #expect(response?.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    let processed = try #require(metrics.value("swiftlet_pipeline_frames_total", ["pipeline": "surface"]))
    #expect(processed >= 20)
    for stage in PipelineStage.allCases {
      let labels = ["pipeline": "surface", "stage": stage.rawValue]
      let count = try #require(metrics.value("swiftlet_pipeline_stage_duration_seconds_count", labels))
      // A frame may be done between the two.
      #expect(abs(count - processed) <= 2)
      #expect(try #require(metrics.value("swiftlet_pipeline_stage_duration_seconds_sum", labels)) < 600)
    }
    let name = try ModelPackage(FixedPackage.bytes(), origin: "").manifest
    #expect(metrics.value("swiftlet_model_info", ["pipeline": "surface", "model": name.name, "version": name.version]) == 1)
    #expect(metrics.value("swiftlet_info", ["version": agentVersion, "site": "s", "device": "d"]) == 1)
    #expect(metrics.value("swiftlet_camera_up", ["camera": "line"]) == 1)
    #expect(metrics.value("swiftlet_temperature_celsius", ["zone": "cpu"]) == 41)
    #expect(metrics.value("swiftlet_machine_pressure_ratio", ["resource": "memory"]) == 0.015)
    #expect(metrics.value("swiftlet_degradation_step") == 0)
    #expect(try #require(metrics.value("swiftlet_resident_memory_bytes")) > 1_000_000)
    #expect(try #require(metrics.value("swiftlet_outbox_messages")) > 0)
    // Without a broker there is nothing to be connected to.
    #expect(metrics.value("swiftlet_broker_connected") == nil)
  }

  @Test func `each gate's link, orders and failures are metrics`() async throws {
    let watched = try Watched()
    var status = try await watched.look { try #require(watched.status) }
    func gate(_ name: String, _ link: GateLinkState, _ counts: [UInt64]) -> AgentStatus.Gate {
      AgentStatus.Gate(
        name: name, pipeline: "surface", link: link, counters: GateCounters(), passes: counts[0], rejects: counts[1], unplaced: counts[2], failed: counts[3])
    }
    status.gates = [gate("reject", .armed, [5, 2, 1, 3]), gate("spare", .incompatible(0), [0, 0, 7, 0])]
    let metrics = try Exposition(String(decoding: AgentMetrics(status, watched.configuration).text, as: UTF8.self))
    for (name, armed, counts) in [("reject", 1, [5, 2, 1, 3]), ("spare", 0, [0, 0, 7, 0])] as [(String, Double, [Double])] {
      #expect(metrics.value("swiftlet_gate_armed", ["gate": name, "pipeline": "surface"]) == armed)
      #expect(metrics.value("swiftlet_gate_orders_total", ["gate": name, "order": "pass"]) == counts[0])
      #expect(metrics.value("swiftlet_gate_orders_total", ["gate": name, "order": "reject"]) == counts[1])
      #expect(metrics.value("swiftlet_gate_failures_total", ["gate": name, "reason": "unplaced"]) == counts[2])
      #expect(metrics.value("swiftlet_gate_failures_total", ["gate": name, "reason": "failed"]) == counts[3])
    }
  }

  @Test func `the page, its data and the socket tell the same agent`() async throws {
    let watched = try Watched()
    let (page, data, asked) = try await watched.look {
      (watched.get("/"), watched.get("/status.json"), try watched.configuration.storage.askRunningAgent())
    }
    #expect(page?.text.contains("<title>Swiftlet</title>") == true)
    for bytes in [try #require(data).body, asked] {
      let status = try JSONParser.parse(bytes)
      #expect(status["schema"]?.text == "swiftlet/status/1")
      #expect(status["device"]?.text == "d")
      let pipeline = try #require(status["pipelines"]?[0])
      #expect(pipeline["name"]?.text == "surface" && pipeline["state"]?.text == "running")
      #expect(try #require(pipeline["processed"]?.number) >= 20)
      #expect(try #require(pipeline["latency_ms"]?["total"]?["p99"]?.number) > 0)
      #expect(pipeline["recent"]?[0]?["detections"]?[0]?["label"]?.text == "scratch")
      #expect(status["cameras"]?[0]?["source"]?.text == "simulated:conveyor")
      #expect(status["broker"] == .null && status["updates"] == .null)
    }
    let refusal = #expect(throws: EdgeAgentError.self) { try watched.configuration.storage.askRunningAgent() }
    #expect(refusal?.message.contains("no agent runs on") == true)
    #expect(!FileManager.default.fileExists(atPath: watched.folder.path + "/state/status.socket"))
  }

  @Test func `the socket is its owner's and group's, and takes the place of one that was left`() async throws {
    let watched = try Watched()
    let path = watched.folder.path + "/state/status.socket"
    _ = try watched.folder.file("state/other", "kept")
    let left = try StatusListener(path) { Array("old".utf8) }
    #expect(try watched.configuration.storage.askRunningAgent() == Array("old".utf8))
    let (mode, answer) = try await watched.look { () -> (mode_t, [UInt8]) in
      // It doesn't take away what isn't its own any more.
      left.stop()
      var status = stat()
      _ = unsafe stat(path, &status)
      return (status.st_mode, try watched.configuration.storage.askRunningAgent())
    }
    #expect(mode & 0o777 == 0o660 && mode & S_IFMT == S_IFSOCK)
    #expect(answer != Array("old".utf8))
  }

  @Test func `what follows a paused pipeline is paused`() async throws {
    let watched = try Watched {
      var follower = PipelineSettings(name: "kind", camera: "line", modelPath: "")
      follower.after = "surface"
      $0.pipelines.append(follower)
    }
    _ = try watched.folder.file("state/paused", "surface\n")
    let metrics = try await watched.look(after: 0) { watched.get("/metrics") }
    let read = try Exposition(try #require(metrics).text)
    #expect(read.value("swiftlet_pipeline_running", ["pipeline": "kind"]) == 0)
    #expect(watched.status?.line(unkeptBefore: 0).contains("paused: surface, kind") == true)
  }

  @Test func `however often the socket is asked, the agent is asked seldom`() throws {
    let folder = try TemporaryFolder()
    let asked = Recorder<Int>()
    let listener = try StatusListener(folder.path + "/status.socket", freshness: .seconds(3600)) {
      asked.append(1)
      return [1]
    }
    defer { listener.stop() }
    for _ in 0..<20 { #expect(try StorageSettings(path: folder.path).askRunningAgent() == [1]) }
    #expect(asked.all.count == 1)
  }

  @Test func `clients that hold every connection, and ask without end, hold no frame`() async throws {
    let watched = try Watched()
    let counts = try await watched.look { () -> [UInt64] in
      _ = watched.get("/")
      // They say half a request, and nothing more.
      let silent = (0..<60).compactMap { _ in RawClient(port: watched.port) }
      for client in silent { client.send("GET /status.json HTTP/1.1\r\nHost: local") }
      let before = watched.status?.pipelines[0].statistics.processed ?? 0
      for _ in 0..<200 { _ = try? watched.configuration.storage.askRunningAgent() }
      watched.waitForFrames(50)
      let after = watched.status?.pipelines[0].statistics.processed ?? 0
      return withExtendedLifetime(silent) { [UInt64(silent.count), after - before] }
    }
    #expect(counts[0] == 60 && counts[1] >= 50)
    #expect(try #require(watched.status).pipelines[0].statistics.unrecorded == 0)
  }

  @Test func `where the page's port is taken the agent inspects without it`() async throws {
    let watched = try Watched()
    let other = try PageServer(PageAddress(parsing: "127.0.0.1:\(watched.port)"), [])
    defer { other.stop() }
    let isTold = try await watched.look { watched.lines.wait { $0.contains { $0.contains("there is no page: 127.0.0.1:") } } }
    #expect(isTold)
    #expect(try #require(watched.status?.recorded) >= 20)
  }

  @Test func `a hot machine leaves out no frame of what parts are judged by, and says so`() async throws {
    let watched = try Watched({ $0.pipelines[0].inspection.parts = PartSettings(.trigger) }, sensors: { try $0.sensors(celsius: 99, critical: 100) })
    let status = try await watched.look { () -> [UInt8] in
      _ = watched.lines.wait { $0.contains { $0.contains("at most one frame in 8") } }
      watched.waitForFrames(20)
      return try watched.configuration.storage.askRunningAgent()
    }
    let json = try JSONParser.parse(status)
    #expect(try #require(json["pipelines"]?[0]?["decisions"]?["passed"]?.number) >= 0 && json["gates"]?[0] == nil)
    #expect(json["pipelines"]?[0]?["dropped"]?["late"]?.number == 0 && json["pipelines"]?[0]?["reused"]?.number == 0)
    let metrics = AgentMetrics(try #require(watched.status), watched.configuration).text
    let read = try Exposition(String(decoding: metrics, as: UTF8.self))
    for verdict in ["pass", "reject", "unjudged"] { #expect(read.value("swiftlet_parts_total", ["pipeline": "surface", "verdict": verdict]) != nil) }
    #expect(json["degradation"]?["reasons"]?[1]?.text == "surface judges parts and leaves nothing out")
    #expect(try #require(watched.status?.pipelines[0].statistics).spared == 0)
  }

  @Test func `a hot machine's pipelines leave out frames, and say so`() async throws {
    let watched = try Watched(sensors: { try $0.sensors(celsius: 99, critical: 100) })
    let (metrics, status) = try await watched.look { () -> (RawClient.Response?, [UInt8]) in
      _ = watched.lines.wait { $0.contains { $0.contains("at most one frame in 8") } }
      // Between two of these there are seven others.
      watched.waitForFrames(3)
      return (watched.get("/metrics"), try watched.configuration.storage.askRunningAgent())
    }
    let read = try Exposition(try #require(metrics).text)
    #expect(read.value("swiftlet_degradation_step") == 3)
    #expect(try #require(read.value("swiftlet_pipeline_left_out_frames_total", ["pipeline": "surface", "reason": "strained"])) >= 10)
    #expect(watched.lines.all.contains { $0.contains("the machine is strained, pipelines process at most one frame in 2: cpu is at 99.0 °C") })
    let json = try JSONParser.parse(status)
    #expect(json["degradation"]?["reasons"]?[0]?.text == "cpu is at 99.0 °C (limit 95.0 °C)")
    let statistics = try #require(watched.status?.pipelines[0].statistics)
    #expect(watched.status?.line(unkeptBefore: 0).contains("the machine is strained: one frame in 8 is processed") == true)
    let outbox = try Outbox(path: watched.folder.path + "/state/outbox.sqlite", byteLimit: 100_000_000)
    defer { outbox.close() }
    let events = try outbox.messages(count: 100_000, bytes: 100_000_000).filter { $0.topic.hasSuffix("/surface/events") }.map {
      try JSONParser.parse($0.payload)
    }
    #expect(events.map { $0["event"]?.text } == ["degradation", "degradation", "degradation"])
    #expect(events.map { $0["before"]?.number } == [0, 1, 2] && events.map { $0["step"]?.number } == [1, 2, 3])
    #expect(events[0]["spared"]?.number == 0 && events[2]["reasons"]?[0]?.text == "cpu is at 99.0 °C (limit 95.0 °C)")
    // Left out isn't dropped, and what was processed is recorded.
    #expect(statistics.unrecorded == 0 && statistics.spared > statistics.unusable)
  }

  @Test func `a hot machine's pipeline runs its lighter model, and says so`() async throws {
    let watched = try Watched({ $0.pipelines[0].lighter = .path("light") }, sensors: { try $0.sensors(celsius: 99, critical: 100) })
    let status = try await watched.look { () -> [UInt8] in
      _ = watched.lines.wait { $0.contains { $0.contains("pipeline surface: its lighter model runs from now on") } }
      watched.waitForFrames(5)
      return try watched.configuration.storage.askRunningAgent()
    }
    let pipeline = try #require(try JSONParser.parse(status)["pipelines"]?[0])
    #expect(pipeline["lighter"] == .boolean(true) && pipeline["model"]?["version"]?.text == "2")
    let outbox = try Outbox(path: watched.folder.path + "/state/outbox.sqlite", byteLimit: 100_000_000)
    defer { outbox.close() }
    let messages = outbox.messages(count: 100_000, bytes: 100_000_000)
    func read(_ topic: String) throws -> [JSONValue] {
      try messages.filter { $0.topic.hasSuffix("/surface/\(topic)") }.map { try JSONParser.parse($0.payload) }
    }
    let (events, detections) = (try read("events"), try read("detections"))
    #expect(events.first?["step"]?.number == 1 && events.contains { $0["lighter"] == .boolean(true) })
    // How many frames the larger one still judges is a matter of when the machine is looked at first.
    let versions = detections.compactMap { $0["model"]?["version"]?.text }
    #expect(versions.last == "2" && versions == versions.sorted() && versions.count == detections.count, "\(versions)")
  }
}
