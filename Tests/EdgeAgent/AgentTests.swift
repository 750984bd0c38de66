import Capture
import EdgeAgent
import Foundation
import MQTTTransport
import ModelManifest
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

private typealias Trial = AgentTrial

@Suite struct AgentTests {
  @Test func `a limited run processes its frames, records each and ends by itself`() async throws {
    let trial = try Trial()
    try await trial.agent.run(try trial.configuration(frames: 12))
    #expect(trial.seen.all.count == 12)
    #expect(trial.seen.all.allSatisfy { $0.labels == ["scratch", "stain"] && $0.pipeline == "surface" })
    #expect(trial.seen.all.contains { $0.hasTruth })
    let status = try #require(trial.agent.status)
    #expect(status.recorded == 12)
    #expect(status.queued == 12)
    #expect(status.pipelines[0].statistics.processed == 12)
    #expect(status.pipelines[0].statistics.withDetections == 12)
    #expect(status.pipelines[0].statistics.latency(of: .total).count == 12)
    #expect(status.line(unkeptBefore: 0) == "1 pipeline, 12 frames processed; ended: surface; 12 messages in the outbox")
    var failing = status
    (failing.storageError, failing.queued, failing.pipelines[0].isPaused) = ("the disk is full", 0, true)
    let start = "1 pipeline, 12 frames processed; paused: surface; ended: surface; "
    // Nothing is lost where nothing is found.
    #expect(failing.line(unkeptBefore: 0) == start + "the outbox can't be written: the disk is full")
    failing.unkept = 3
    #expect(failing.line(unkeptBefore: 2) == start + "results are being lost: the disk is full")
    #expect(failing.line(unkeptBefore: 3) == start + "the outbox can't be written: the disk is full")
    failing.storageError = nil
    #expect(failing.line(unkeptBefore: 2) == start + "results are being lost: the disk doesn't keep up")
  }

  @Test func `stopping ends an endless run in order`() async throws {
    let trial = try Trial()
    let configuration = try trial.configuration()
    let running = Task { try await trial.agent.run(configuration) }
    #expect(await trial.seen.eventually { $0.count >= 3 })
    trial.agent.stop()
    try await running.value
    #expect(trial.agent.status?.recorded == UInt64(trial.seen.all.count))
  }

  @Test func `a threshold above every score leaves nothing to report, unless all frames are`() async throws {
    for (reporting, expected) in [(PipelineSettings.Reporting.any, 0), (.all, 5)] as [(PipelineSettings.Reporting, UInt64)] {
      let trial = try Trial()
      var configuration = try trial.configuration(frames: 5)
      configuration.pipelines[0].threshold = 0.95
      configuration.pipelines[0].reporting = reporting
      try await trial.agent.run(configuration)
      #expect(trial.seen.all.map(\.labels) == Array(repeating: [], count: 5))
      #expect(trial.agent.status?.recorded == expected)
    }
  }

  @Test func `a camera serves two pipelines`() async throws {
    let trial = try Trial()
    var configuration = try trial.configuration(frames: 4)
    var second = configuration.pipelines[0]
    second.name = "second"
    second.frameCount = 6
    configuration.pipelines.append(second)
    try await trial.agent.run(configuration)
    #expect(trial.seen.all.count { $0.pipeline == "surface" } == 4)
    #expect(trial.seen.all.count { $0.pipeline == "second" } == 6)
  }

  @Test func `a new configuration replaces the running one, a bad one doesn't`() async throws {
    let trial = try Trial()
    let configuration = try trial.configuration()
    let running = Task { try await trial.agent.run(configuration) }
    #expect(await trial.seen.eventually { !$0.isEmpty })
    var changed = configuration
    changed.pipelines[0].name = "renamed"
    try trial.agent.reload(changed)
    #expect(await trial.seen.eventually { $0.contains { $0.pipeline == "renamed" } })
    var broken = changed
    broken.storage.path = "/proc/none"
    broken.pipelines[0].name = "broken"
    let before = trial.seen.all.count
    try trial.agent.reload(broken)
    #expect(await trial.lines.eventually { $0.contains { $0.contains("the new configuration can't run, the old one goes on") } })
    #expect(await trial.seen.eventually { $0.count > before + 2 })
    #expect(trial.seen.all.last?.pipeline == "renamed")
    trial.agent.stop()
    try await running.value
  }

  @Test func `the service manager hears of the start, its state, and of reloads from beginning to end, whatever comes of them`() async throws {
    let (told, readings) = (Recorder<String>(), Recorder<ConfigurationReading>())
    var reading = AgentConfiguration.read(Array("device: 1".utf8), file: "bad")
    readings.append(reading)
    let notifier = SystemdNotifier { told.append($0) }
    let trial = try Trial { options in
      options.notifier = notifier
      options.onStart = { notifier.ready() }
      options.readConfiguration = { readings.all[readings.all.count - 1] }
    }
    let configuration = try trial.configuration()
    // Nothing runs yet that could be reloaded.
    trial.agent.reload()
    #expect(told.all == [])
    let running = Task { try await trial.agent.run(configuration) }
    #expect(await told.eventually { $0.count >= 2 })
    #expect(told.all[0] == "READY=1" && told.all[1].hasPrefix("STATUS=1 pipeline, "))
    trial.agent.reload()
    let refused = told.all.filter { !$0.hasPrefix("STATUS=") }
    #expect(refused.count == 3 && refused[1].hasPrefix("RELOADING=1\nMONOTONIC_USEC=") && refused[2] == "READY=1")
    (reading.configuration, reading.mistakes) = (configuration, [])
    readings.append(reading)
    trial.agent.reload()
    #expect(await told.eventually { $0.count { $0 == "READY=1" } == 3 })
    #expect(told.all.count { $0.hasPrefix("RELOADING=1") } == 2)
    trial.agent.stop()
    try await running.value
  }

  @Test func `whoever writes over a running model's file, or cuts it short, changes nothing until it is loaded anew`() async throws {
    let trial = try Trial { $0.openModel = AgentOptions().openModel }
    let path = trial.folder.path + "/model.swiftlet"
    try Data(FixedPackage.bytes()).write(to: URL(fileURLWithPath: path))
    var configuration = try trial.configuration()
    configuration.pipelines[0].model = .path(path)
    let running = Task { [configuration] in try await trial.agent.run(configuration) }
    #expect(await trial.seen.eventually { $0.count >= 3 })
    // As `cp` does: first it is empty, then another's bytes come.
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 0)
    let then = trial.seen.all.count
    #expect(await trial.seen.eventually { $0.count >= then + 5 })
    try file.write(contentsOf: Data(repeating: 0xA5, count: 100_000))
    try file.close()
    let later = trial.seen.all.count
    #expect(await trial.seen.eventually { $0.count >= later + 5 })
    trial.agent.stop()
    try await running.value
    #expect(trial.seen.all.allSatisfy { $0.labels == ["scratch", "stain"] })
    let another = try Trial { $0.openModel = AgentOptions().openModel }
    let refused = await #expect(throws: EdgeAgentError.self) { try await another.agent.run(configuration) }
    #expect(refused?.message.contains(path) == true)
  }

  @Test func `a package without decoding is refused with what to do`() async throws {
    let trial = try Trial()
    var options = AgentOptions()
    options.openModel = { _, _ throws(EdgeAgentError) in
      do throws(ModelPackageError) { return try ModelPackage(FixedPackage.rawBytes(), origin: "raw") } catch {
        throw EdgeAgentError(.model, error.description)
      }
    }
    let agent = Agent(options: options, log: AgentLog(name: "test") { _ in })
    let configuration = try trial.configuration(frames: 1)
    let error = await #expect(throws: EdgeAgentError.self) { try await agent.run(configuration) }
    #expect(error?.message.contains("recipe") == true)
  }

  @Test func `storage that can't be made is a clear failure`() async throws {
    let trial = try Trial()
    var changed = try trial.configuration(frames: 1)
    changed.storage.path = "/proc/none/deep"
    let configuration = changed
    let error = await #expect(throws: EdgeAgentError.self) { try await trial.agent.run(configuration) }
    #expect(error?.code == .storage)
    #expect(error?.message.contains("/proc/none") == true)
  }

  @Test(.enabled(if: RealBroker.isAvailable))
  func `results, state and health reach a broker`() async throws {
    let broker = try RealBroker()
    let watcher = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "watcher"))
    let messages = Recorder<IncomingMessage>()
    let subscriptions = Recorder<SubscriptionOutcome>()
    try watcher.subscribe(to: "swiftlet/v1/#", completion: { subscriptions.append($0) }) { messages.append($0) }
    try watcher.start()
    defer { watcher.stop() }
    #expect(await subscriptions.eventually { $0 == [.granted] })
    let trial = try Trial()
    var configuration = try trial.configuration(broker: broker.url)
    configuration.mqtt?.healthInterval = .milliseconds(100)
    let running = Task { [configuration] in try await trial.agent.run(configuration) }
    #expect(await messages.eventually { $0.count { $0.topic == "swiftlet/v1/s/d/surface/detections" } >= 5 })
    #expect(await messages.eventually { $0.contains { $0.topic == "swiftlet/v1/s/d/health" } })
    trial.agent.stop()
    try await running.value
    #expect(await messages.eventually { $0.contains { $0.topic.hasSuffix("/state") && String(decoding: $0.payload, as: UTF8.self).contains("offline") } })
    #expect(trial.agent.status?.queued == 0)
    let first = messages.all.first { $0.topic.hasSuffix("/state") }
    #expect(first.map { String(decoding: $0.payload, as: UTF8.self).contains("online") } == true)
  }

  @Test(.enabled(if: RealBroker.isAvailable))
  func `health and the watchdog go on while an orderly end waits for the broker`() async throws {
    // Detections are refused, so the end waits for their acknowledgements as long as it may.
    var options = RealBroker.Options()
    options.accessList = ["topic readwrite swiftlet/v1/s/d/health", "topic readwrite swiftlet/v1/s/d/state"]
    let broker = try RealBroker(options)
    let watcher = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "watcher"))
    let health = Recorder<IncomingMessage>()
    try watcher.subscribe(to: "swiftlet/v1/s/d/health") { health.append($0) }
    try watcher.start()
    defer { watcher.stop() }
    let trial = try Trial()
    var configuration = try trial.configuration(broker: broker.url)
    configuration.mqtt?.healthInterval = .milliseconds(100)
    let running = Task { [configuration] in try await trial.agent.run(configuration) }
    #expect(await health.eventually { $0.count >= 2 })
    trial.agent.stop()
    let before = health.all.count
    try await running.value
    #expect(await health.eventually { $0.count >= before + 8 })
    #expect((trial.agent.status?.queued ?? 0) > 0)
  }
}
