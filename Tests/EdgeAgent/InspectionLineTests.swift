import Capture
import EdgeAgent
import Foundation
import GateClient
import GateProtocol
import Inspection
import MQTTTransport
import ModelManifest
import Pipelines
import SimulatedGate
import Supervision
import TestBroker
import TestPackages
import Testing

/// An agent whose camera takes a picture of each part, and a simulated gate whose sensor each part then passes.
@safe private final class PartLine: @unchecked Sendable {
  /// None is bad before the gate is there, nor while the last are on their way to it.
  static let isBad = [false, false, false, false, false, true, false, true, false, false]

  let folder: TemporaryFolder
  let agent: Agent
  let results = Recorder<String>()
  let lines = Recorder<String>()
  /// What the agent opens: a link to the controller's line.
  private let device: String
  private let mutex = PthreadMutex()
  private var gate: SimulatedGate?
  private var plant: Plant?
  private var movesParts = false
  private var moved: [Bool] = []

  init() throws {
    folder = try TemporaryFolder()
    device = folder.path + "/gate"
    for (at, isBad) in Self.isBad.enumerated() {
      let pixels = [[UInt8]](repeating: isBad ? [255, 0, 0] : [0, 255, 0], count: 256).joined()
      _ = try folder.file("parts/\(at).ppm", Array("P6\n16 16\n255\n".utf8) + pixels)
    }
    let (hook, results, lines) = (Hook(), results, lines)
    var options = AgentOptions()
    options.openModel = { _, _ throws(EdgeAgentError) in
      do throws(ModelPackageError) { return try ModelPackage(ColourPackage.bytes(), origin: "colours") } catch {
        throw EdgeAgentError(.model, error.description)
      }
    }
    options.onResult = { result in
      let label = result.detections.first.map { result.pipeline.label($0.label) } ?? ""
      hook.line?.partIsSeen(isBad: label == "red")
      results.append(label)
    }
    agent = Agent(options: options, log: AgentLog(name: "test", showsPriority: false) { [lines] in lines.append($0) })
    hook.line = self
  }

  private final class Hook: @unchecked Sendable {
    weak var line: PartLine?
  }

  var configuration: AgentConfiguration {
    get throws {
      var camera = CameraSettings()
      camera.frameRate = 2.5
      var pipeline = PipelineSettings(name: "surface", camera: "line", modelPath: "")
      (pipeline.threads, pipeline.threshold, pipeline.gate) = (1, 0.5, "reject")
      var rule = RuleSettings(name: "red", when: try Expression(parsing: "red >= 0.6"))
      rule.rejects = true
      (pipeline.inspection.rules, pipeline.inspection.parts) = ([rule], PartSettings(.trigger))
      var configuration = AgentConfiguration(
        device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder.path + "/state"),
        cameras: [NamedCamera(name: "line", source: .folder(folder.path + "/parts"), settings: camera)], pipelines: [pipeline])
      var settings = GateConfiguration(travel: 900_000)
      settings.pulse = 40_000
      var gate = NamedGate(name: "reject", settings: GateSettings(device: device, configuration: settings))
      // A part passes the sensor once its picture has been judged; the machine may be busy.
      (gate.offset, gate.tolerance) = (.milliseconds(-110), .milliseconds(190))
      configuration.gates = [gate]
      return configuration
    }
  }

  /// Puts a controller at the line's end.
  func plug() throws -> SimulatedGate {
    let gate = try #require(SimulatedGate())
    let plant = try #require(Plant(gate.plant))
    mutex.withLock { (self.gate, self.plant) = (gate, plant) }
    try? FileManager.default.removeItem(atPath: device)
    try FileManager.default.createSymbolicLink(atPath: device, withDestinationPath: gate.line)
    return gate
  }

  func moveParts(_ moves: Bool) { mutex.withLock { movesParts = moves } }

  /// What has passed the sensor, and the gate's movements.
  var passed: [Bool] { mutex.withLock { moved } }
  var movements: [Bool] { mutex.withLock { plant }?.now.movements.map(\.isDriven) ?? [] }

  private func partIsSeen(isBad: Bool) {
    guard
      let plant = mutex.withLock({ () -> Plant? in
        guard movesParts else { return nil }
        moved.append(isBad)
        return plant
      })
    else { return }
    plant.tell("P")
    plant.tell("p")
  }

  var status: AgentStatus.Gate? { agent.status?.gates.first }

  /// Looks after each result, on a thread of its own, once there are so many.
  func eventually(results count: Int = 0, _ isSo: @escaping @Sendable (PartLine) -> Bool) async -> Bool {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [self] in
        continuation.resume(returning: results.wait { $0.count >= count && isSo(self) })
      }
    }
  }
}

@Suite struct InspectionLineTests {
  @Test func `bad parts are rejected, good ones pass, and a pulled line is told and mended`() async throws {
    let line = try PartLine()
    let gate = try line.plug()
    let configuration = try line.configuration
    let running = Task { try await line.agent.run(configuration) }
    #expect(await line.eventually(results: 3) { $0.status?.link == .armed })
    line.moveParts(true)
    #expect(await line.eventually { $0.passed.count >= 6 })
    line.moveParts(false)
    #expect(await line.eventually { ($0.status?.counters.acknowledged ?? 0) >= $0.passed.count })
    let (passed, status) = (line.passed, try #require(line.status))
    #expect(status.rejects == passed.count { $0 } && status.passes == passed.count { !$0 }, "\(status) \(passed)")
    #expect(status.failed == 0 && status.counters.unjudged == 0 && status.counters.overridden == 0, "\(status)")
    // The gate has power while parts pass, and none while one is rejected.
    #expect(line.movements.count { !$0 } == passed.count { $0 }, "\(line.movements)")
    gate.stop()
    #expect(await line.eventually { if case .away = $0.status?.link { true } else { false } })
    let unplaced = status.unplaced
    #expect(await line.eventually { ($0.status?.unplaced ?? 0) > unplaced })
    let second = try line.plug()
    #expect(await line.eventually { $0.status?.link == .armed && $0.status?.counters.sessions == 2 })
    line.agent.stop()
    try await running.value
    second.stop()
    let lines = line.lines.all
    #expect(lines.contains { $0.contains("gate reject: armed") } && lines.contains { $0.contains("parts get its safe position") }, "\(lines)")
    #expect(lines.contains { $0.contains(", but no part of the gate's sensor is known to be this one: ") }, "\(lines)")
  }

  @Test(.enabled(if: RealBroker.isAvailable))
  func `rules, parts and tracks reach a broker`() async throws {
    let broker = try RealBroker()
    let watcher = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "watcher"))
    let (texts, subscriptions) = (Recorder<String>(), Recorder<SubscriptionOutcome>())
    try watcher.subscribe(to: "swiftlet/v1/s/d/#", completion: { subscriptions.append($0) }) { message in
      texts.append("\(message.topic.split(separator: "/").last ?? "") \(String(decoding: message.payload, as: UTF8.self))")
    }
    try watcher.start()
    defer { watcher.stop() }
    let folder = try TemporaryFolder()
    var options = AgentOptions()
    options.openModel = { _, _ throws(EdgeAgentError) in
      do throws(ModelPackageError) { return try ModelPackage(FixedPackage.bytes(), origin: "fixed") } catch {
        throw EdgeAgentError(.model, error.description)
      }
    }
    var camera = CameraSettings(size: (160, 120))
    camera.frameRate = 2.50
    var pipeline = PipelineSettings(name: "surface", camera: "line", modelPath: "")
    (pipeline.threads, pipeline.frameCount, pipeline.inspection.tracking) = (1, 5, .init())
    var rule = RuleSettings(name: "scratched", when: try Expression(parsing: "count(scratch >= 0.6) == 1"))
    (rule.hits, rule.frames, rule.rejects) = (2, 3, true)
    var quiet = RuleSettings(name: "quiet", when: try Expression(parsing: "stain"))
    quiet.tells = false
    (pipeline.inspection.rules, pipeline.inspection.parts) = ([rule, quiet], PartSettings(.trigger))
    var configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder.path),
      cameras: [NamedCamera(name: "line", source: .conveyor, settings: camera)], pipelines: [pipeline])
    configuration.mqtt = MQTTSettings(broker: try BrokerAddress(parsing: broker.url))
    let agent = Agent(options: options, log: AgentLog(name: "test") { _ in })
    try await agent.run(configuration)
    let all = texts.all
    let events = all.filter { $0.hasPrefix("events") }
    let begin = try #require(events.first { $0.contains("swiftlet/rule/1") && $0.contains("\"begin\"") }, "\(all)")
    #expect(begin.contains("\"rule\":\"scratched\",\"reason\":\"count(scratch >= 0.6) == 1\"") && begin.contains("\"track\":1"), "\(begin)")
    let end = try #require(events.last { $0.contains("swiftlet/rule/1") })
    #expect(end.contains("\"end\"") && end.contains("the pipeline ended") && !end.contains("\"frame\""), "\(end)")
    #expect(!events.contains { $0.contains("quiet") })
    #expect(events.count { $0.contains("\"verdict\":\"reject\",\"rule\":\"scratched\"") } == 5, "\(events)")
    #expect(all.contains { $0.hasPrefix("detections") && $0.contains("\"track\":1") && $0.contains("\"track\":2") })
    let decided = try #require(agent.status?.pipelines[0].statistics.decided)
    #expect(decided.rejected == 5 && decided.begun == 2 && decided.passed == 0)
  }

  @Test(.enabled(if: RealBroker.isAvailable))
  func `a picture reaches a broker, with its facts`() async throws {
    let broker = try RealBroker()
    let watcher = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "watcher"))
    let (pictures, subscriptions) = (Recorder<IncomingMessage>(), Recorder<SubscriptionOutcome>())
    try watcher.subscribe(to: "swiftlet/v1/s/d/surface/snapshot", completion: { subscriptions.append($0) }) { pictures.append($0) }
    try watcher.start()
    defer { watcher.stop() }
    let line = try PartLine()
    var configuration = try line.configuration
    configuration.cameras[0].settings.frameRate = 20
    // Late enough that there is room for a picture by then.
    var rule = RuleSettings(name: "seen", when: try Expression(parsing: "any"))
    (rule.hits, rule.frames, rule.takesSnapshot) = (20, 20, true)
    (configuration.pipelines[0].inspection, configuration.pipelines[0].gate, configuration.gates) = (InspectionSettings(), nil, [])
    (configuration.pipelines[0].inspection.rules, configuration.pipelines[0].frameCount) = ([rule], 20)
    configuration.mqtt = MQTTSettings(broker: try BrokerAddress(parsing: broker.url))
    let wanted = configuration
    try await line.agent.run(wanted)
    #expect(pictures.wait { $0.count == 1 })
    let picture = try #require(pictures.all.first)
    #expect(picture.payload.starts(with: [0xFF, 0xD8]) && picture.contentType == "image/jpeg")
    #expect(picture.userProperties.contains(UserProperty("rule", "seen")) && picture.userProperties.contains(UserProperty("sequence", "1")))
  }

  @Test func `a model without the classes that rules ask for can't run`() async throws {
    let line = try PartLine()
    var configuration = try line.configuration
    configuration.pipelines[0].inspection.rules[0].when = try Expression(parsing: "rad >= 0.6")
    let wanted = configuration
    let error = await #expect(throws: EdgeAgentError.self) { try await line.agent.run(wanted) }
    // It isn't the model's fault: the fleet's updates mustn't go back for it.
    #expect(error?.code == .configuration)
    #expect(error?.message == "colours: rule red: column 1: the model has no class \"rad\"; did you mean \"red\"?")
  }

  @Test func `a gate that can't be is told before anything runs`() async throws {
    let line = try PartLine()
    var configuration = try line.configuration
    configuration.gates[0].settings.queueCapacity = 0
    let wanted = configuration
    let error = await #expect(throws: EdgeAgentError.self) { try await line.agent.run(wanted) }
    #expect(error?.code == .configuration && error?.message.contains("gate reject: the queue of orders") == true)
  }
}
