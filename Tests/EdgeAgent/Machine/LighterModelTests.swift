import Capture
import CPUExecution
import Foundation
import ModelManifest
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

@testable import EdgeAgent

/// A lighter model in place of another while the machine is strained.
@Suite struct LighterModelTests {
  private static func processor(_ version: String, labels: [String] = FixedPackage.labels) throws -> FrameProcessor {
    try FrameProcessor(try ModelPackage(FixedPackage.bytes(version: version, labels: labels), origin: version), threshold: nil, threads: 1)
  }

  /// A pipeline with the model ‘1’ and the lighter ‘light’.
  private final class Bench {
    let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
    let worker: PipelineWorker
    private let camera: any CameraSource

    init(keepsAll: Bool = false, own: FrameProcessor? = nil) throws {
      worker = PipelineWorker(
        PipelineSettings(name: "p", camera: "c", modelPath: ""), processor: try own ?? LighterModelTests.processor("1"),
        lighter: try LighterModelTests.processor("light"), results: results, keepsAll: keepsAll, ledger: ProgressLedger(),
        log: AgentLog(name: "test") { _ in }, onEnd: { _ in })
      camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
      try worker.start()
    }

    private func give() {
      while true {
        guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(10)) else { continue }
        return worker.give(frame)
      }
    }

    /// The version of the model that looks at the next frame that isn't left out.
    func version() -> String {
      while true {
        give()
        while results.count == 0, !worker.isIdle { sched_yield() }
        guard let result = results.pop(timeout: .zero) else { continue }
        let version = result.pipeline.modelVersion
        worker.recycle(result)
        return version
      }
    }

    func end() {
      worker.mailbox.close()
      worker.join()
      camera.stop()
    }
  }

  @Test func `it runs from the first step on, at the full rate, and gives way when the machine has recovered`() throws {
    let bench = try Bench()
    defer { bench.end() }
    #expect(bench.version() == "1")
    bench.worker.degradation = 1
    for _ in 0..<5 { #expect(bench.version() == "light") }
    #expect(bench.worker.statistics.snapshot.spared == 0 && bench.worker.runsLighter)
    #expect(bench.worker.description.modelVersion == "light")
    // What it does says nothing of the other.
    #expect(bench.worker.usage.frames == 1)
    bench.worker.degradation = 2
    #expect((0..<3).map { _ in bench.version() } == ["light", "light", "light"])
    #expect(bench.worker.statistics.snapshot.spared >= 2)
    bench.worker.degradation = 0
    #expect(bench.version() == "1")
    #expect(bench.worker.usage.frames == 2)
  }

  @Test func `a model that is tried or compared with runs itself`() throws {
    let bench = try Bench()
    defer { bench.end() }
    bench.worker.degradation = 1
    #expect(bench.version() == "light")
    // One comes from the fleet.
    bench.worker.replaceModel(by: try Self.processor("2"))
    #expect(bench.version() == "2" && bench.worker.isOnTrial && !bench.worker.runsLighter)
    bench.worker.isOnTrial = false
    #expect(bench.version() == "light")
    let shadow = try ShadowRun(try ModelPackage(FixedPackage.bytes(), origin: "3"), bench.worker.settings, frameCount: 1000) {}
    bench.worker.setShadow(shadow)
    #expect(bench.version() == "2")
    bench.worker.setShadow(nil)
    shadow.end()
    #expect(bench.version() == "light")
    bench.worker.degradation = 0
    #expect(bench.version() == "2")
  }

  @Test func `what runs is told, not what is wanted`() throws {
    let bench = try Bench()
    defer { bench.end() }
    #expect(bench.version() == "1")
    bench.worker.degradation = 1
    // No frame has come to it, and none will while it is paused.
    bench.worker.isPaused = true
    #expect(!bench.worker.runsLighter && bench.worker.lighterSwitches == (false, 0))
    bench.worker.isPaused = false
    #expect(bench.version() == "light" && bench.worker.runsLighter)
    bench.worker.degradation = 0
    #expect(bench.version() == "1")
    // There and back between two looks leaves its trace.
    #expect(bench.worker.lighterSwitches == (false, 2))
  }

  @Test func `a trial that goes on after a restart is known before the first frame`() throws {
    let device = try UpdatedDevice()
    try device.install(FixedPackage.bytes())
    var settings = PipelineSettings(name: "p", camera: "c", model: .named("fixed", folder: device.modelsFolder))
    settings.lighter = .path("light")
    var configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: device.folder.path + "/state"), cameras: [], pipelines: [settings])
    configuration.updates = device.settings
    let package = try ModelPackage(FixedPackage.bytes(), origin: "fixed")
    let log = AgentLog(name: "test") { _ in }
    for isOnTrial in [true, false] {
      let pipeline = PreparedPipeline(
        settings: settings, processor: try Self.processor("1"), lighter: try Self.processor("light"), package: package, weights: SharedWeights(owner: package))
      let watch = MachineWatch(log: log, interval: .seconds(3600), read: { MachineReading() })
      let runtime = try AgentRuntime(
        configuration, PreparedModels(pipelines: [pipeline], listeners: [], files: []), options: AgentOptions(), desk: CommandDesk(log: log), watch: watch,
        log: log)
      #expect(runtime.pipelines[0].isOnTrial == isOnTrial)
      runtime.discard()
      device.finishTrial()
    }
  }

  @Test func `a model from the fleet that finds other things has no lighter one`() throws {
    let bench = try Bench()
    defer { bench.end() }
    bench.worker.degradation = 1
    #expect(bench.version() == "light")
    bench.worker.replaceModel(by: try Self.processor("2", labels: ["dent", "stain"]))
    #expect(bench.version() == "2")
    bench.worker.isOnTrial = false
    #expect(bench.version() == "2")
    bench.worker.replaceModel(by: try Self.processor("3"))
    #expect(bench.version() == "3")
    bench.worker.isOnTrial = false
    #expect(bench.version() == "light")
  }

  @Test func `where nothing is left out no lighter model runs`() throws {
    let bench = try Bench(keepsAll: true)
    defer { bench.end() }
    bench.worker.degradation = 3
    #expect(bench.version() == "1" && !bench.worker.runsLighter)
  }

  @Test func `one with other labels is refused with both lists`() async throws {
    let trial = try AgentTrial { options in
      options.openModel = { settings, _ throws(EdgeAgentError) in
        let labels = settings.model == .path("light") ? ["dent"] : FixedPackage.labels
        do throws(ModelPackageError) { return try ModelPackage(FixedPackage.bytes(labels: labels), origin: "fixed") } catch {
          throw EdgeAgentError(.model, error.description)
        }
      }
    }
    var configuration = try trial.configuration(frames: 1)
    configuration.pipelines[0].lighter = .path("light")
    let error = await #expect(throws: EdgeAgentError.self) { try await trial.agent.run(configuration) }
    #expect(
      error?.code == .configuration
        && error?.message.contains("it must have the model's labels, in their order; it has dent, and the model scratch, stain") == true,
      "\(String(describing: error))")
  }

  /// An agent whose model comes from the store; what is in the files is the test's to say.
  private static func storeTrial(light: @escaping @Sendable () throws -> [UInt8], own: TestBroker.Recorder<[String]>) throws -> AgentTrial {
    try AgentTrial { options in
      options.openModel = { settings, _ throws(EdgeAgentError) in
        do {
          let isLight = settings.model == .path("light")
          return try ModelPackage(isLight ? light() : FixedPackage.bytes(labels: own.all.last ?? FixedPackage.labels), origin: isLight ? "light" : "own")
        } catch { throw EdgeAgentError(.model, "\(error)") }
      }
    }
  }

  private static let wrong: [@Sendable () throws -> [UInt8]] = [{ FixedPackage.bytes(labels: ["dent"]) }, { [1, 2, 3] }]

  @Test(arguments: [0, 1]) func `beside a model from the store one that doesn't fit, or is broken, keeps nothing from starting`(way: Int) async throws {
    let trial = try Self.storeTrial(light: Self.wrong[way], own: Recorder())
    var configuration = try trial.configuration(frames: 1)
    configuration.pipelines[0].lighter = .path("light")
    // Beside a model that is given by its path it is a mistake, and never the model's own fault.
    let error = await #expect(throws: EdgeAgentError.self) { try await trial.agent.run(configuration) }
    #expect(error?.code == .configuration && error?.message.contains("pipeline surface: lighter: ") == true)
    let other = try Self.storeTrial(light: Self.wrong[way], own: Recorder())
    configuration.pipelines[0].model = .named("own", folder: other.folder.path)
    try await other.agent.run(configuration)
    #expect(other.seen.all.count == 1)
    #expect(other.lines.all.contains { $0.contains("pipeline surface: lighter: ") && $0.contains("; it doesn't run") }, "\(other.lines.all)")
  }

  @Test func `an update that brings other labels doesn't keep the agent from taking up its configuration again`() async throws {
    let own = Recorder<[String]>()
    let trial = try Self.storeTrial(light: { FixedPackage.bytes() }, own: own)
    var configuration = try trial.configuration()
    (configuration.pipelines[0].lighter, configuration.pipelines[0].model) = (.path("light"), .named("own", folder: trial.folder.path))
    let (agent, start) = (trial.agent, configuration)
    let running = Task { try await agent.run(start) }
    #expect(await trial.seen.eventually { !$0.isEmpty })
    #expect(!trial.lines.all.contains { $0.contains("lighter: ") })
    own.append(["dent", "stain"])
    // As after a first installation.
    try agent.reload(configuration)
    #expect(await trial.seen.eventually { $0.contains { $0.labels.contains("dent") } })
    #expect(trial.lines.all.contains { $0.contains("lighter: light: it must have the model's labels") && $0.contains("; it doesn't run") })
    agent.stop()
    try await running.value
  }

  @Test func `one that doesn't fit at the start runs once an update has brought a model that it fits`() throws {
    let bench = try Bench(own: try Self.processor("1", labels: ["dent", "stain"]))
    defer { bench.end() }
    bench.worker.degradation = 1
    #expect(bench.version() == "1")
    bench.worker.replaceModel(by: try Self.processor("2"))
    #expect(bench.version() == "2")
    bench.worker.isOnTrial = false
    #expect(bench.version() == "light")
  }

  @Test func `a check opens both packages, and says where a lighter one never runs`() throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in [("m", FixedPackage.bytes()), ("light", FixedPackage.bytes(version: "2")), ("other", FixedPackage.bytes(labels: ["dent"]))] {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(name).swiftlet"))
    }
    func read(_ pipeline: String, _ rest: String = "") -> ConfigurationReading {
      let text =
        "device: {id: a, site: b}\ncameras: {top: {source: simulated:conveyor}}\npipelines:\n  p: {camera: top, model: m.swiftlet, \(pipeline)}\n\(rest)\n"
      return AgentConfiguration.read(Array(text.utf8), file: folder.path + "/f.yaml", opensModels: true)
    }
    let good = read("lighter: light.swiftlet")
    #expect(good.mistakes.isEmpty && good.configuration?.pipelines[0].lighter == .path(folder.path + "/light.swiftlet"))
    #expect(!good.warnings.contains { $0.message.contains("never runs") })
    let mistakes = read("lighter: other.swiftlet").mistakes.map(\.message)
    #expect(mistakes.count == 1 && mistakes[0].contains("it has dent, and the model scratch, stain"), "\(mistakes)")
    #expect(read("lighter: none.swiftlet").mistakes.count == 1)
    #expect(read("lighter: light.swiftlet, parts: {trigger: frame}").warnings.contains { $0.message.contains("p judges parts; its lighter model never runs") })
    #expect(
      read("lighter: light.swiftlet", "degradation: {enabled: false}").warnings.contains { $0.message.contains("degradation isn't enabled; its lighter") })
    #expect(read("lighter: light.swiftlet", "  q: {after: p, model: m.swiftlet, lighter: light.swiftlet}").mistakes.count == 1)
  }
}
