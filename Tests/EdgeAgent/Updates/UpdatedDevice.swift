import Foundation
import MQTTTransport
import ModelManifest
import Pipelines
import ReleaseAuthoring
import Supervision
import TestBroker
import TestPackages
import Updates

@testable import EdgeAgent

/// A fleet's release folder, and an updater whose thread is the test's: releases come from a stick, and models run nowhere.
final class UpdatedDevice {
  let folder: TemporaryFolder
  let host = StubHost()
  let published = TestBroker.Recorder<ModelsMessage>()
  let settings: UpdateSettings
  let connection: BrokerConnection
  private(set) var updater: Updater
  private let fleet: ReleaseFolder
  private let keys: KeyChain
  private let time = DateTime(seconds: MonotonicClock.wallTime().seconds)
  private static let channel = "line-a"

  init(_ adjust: (inout UpdateSettings) -> Void = { _ in }, broker: String = "mqtt://localhost:1") throws {
    folder = try TemporaryFolder()
    var plan = ReleasePlan()
    (plan.rootKeyCount, plan.rootThreshold) = (1, 1)
    fleet = try ReleaseFolder.make(folder.path + "/fleet", plan, passphrase: nil, at: time)
    keys = try KeyChain(folder: fleet.keys) { _ throws(ReleaseError) in "" }
    var settings = UpdateSettings(channel: Self.channel, rootPath: folder.path + "/fleet/metadata/1.root.json")
    (settings.spread, settings.patience) = (.zero, .milliseconds(100))
    adjust(&settings)
    self.settings = settings
    connection = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker), clientID: "device"))
    updater = try Self.start(settings, folder, connection, host, published)
  }

  var modelsFolder: String { updater.modelsFolder }

  private static func start(
    _ settings: UpdateSettings, _ folder: TemporaryFolder, _ connection: BrokerConnection, _ host: StubHost, _ published: TestBroker.Recorder<ModelsMessage>
  ) throws -> Updater {
    let configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder.path + "/state"), cameras: [], pipelines: [])
    return try Updater(
      settings, configuration, names: ["fixed", "other"], topics: RetainedTopics(connection, patience: settings.patience), host: host,
      progress: ProgressLedger().stage("updates"), log: AgentLog(name: "test") { _ in }, onFirstInstall: {}
    ) { published.append($0) }
  }

  /// What a disk would have if power were cut now.
  func disk() throws -> String {
    let copy = folder.path + "/disk-\(UUID().uuidString)"
    try FileManager.default.copyItem(atPath: folder.path + "/state", toPath: copy)
    return copy
  }

  /// As an agent that starts on another disk.
  func restart(on disk: String) throws {
    try FileManager.default.removeItem(atPath: folder.path + "/state")
    try FileManager.default.copyItem(atPath: disk, toPath: folder.path + "/state")
    try restart()
  }

  /// As an agent that starts: what was in memory is gone.
  func restart(isDeviceSuspected: Bool = false) throws {
    let storage = StorageSettings(path: folder.path + "/state")
    CrashLoop.check(names: updater.names, storage: storage, isDeviceSuspected: isDeviceSuspected, log: updater.log)
    updater = try Self.start(settings, folder, connection, host, published)
    updater.resumeTrials()
  }

  /// Releases a package for the device's channel; nothing reaches the device yet.
  func release(_ package: [UInt8]) throws {
    let file = folder.path + "/package-\(UUID().uuidString)"
    try Data(package).write(to: URL(fileURLWithPath: file))
    var options = PackageOptions()
    options.channels = [Self.channel: .all]
    _ = try fleet.add(file, options, keys, at: time)
  }

  func withdraw(_ version: String) throws { _ = try fleet.withdraw("fixed", version, keys, at: time) }

  /// What is released, in a folder.
  func stick() throws -> String {
    let stick = folder.path + "/stick-\(UUID().uuidString)"
    _ = try fleet.export(to: stick)
    return stick
  }

  /// Lets the updater look at what is released.
  @discardableResult
  func look() throws -> Bool { updater.look(at: .stick(ReleaseStick(folder: try stick()))) }

  /// Releases, and lets the updater take it; its trial begins.
  func install(_ package: [UInt8]) throws {
    try release(package)
    try look()
  }

  /// Lets the trial end well.
  func finishTrial(of name: String = "fixed") {
    // No moment that long ago: the machine may have started since.
    updater.trials[name]?.earlier = settings.watchTime
    updater.trials[name]?.since = MonotonicClock.now()
    updater.watchTrials()
  }

  /// Versions that the store has: the active one and the one before.
  func slots(_ name: String = "fixed") -> [String?] {
    let slots = PackageStore.slots(models: modelsFolder, name: name)
    return [slots?.active, slots?.previous].map { updater.journal[name].version(of: $0)?.version }
  }

  func last(_ name: String = "fixed") -> UpdateJournal.Outcome? { updater.journal[name].last }

  /// Calls `rollBack` on another thread, while the updater's is the caller's; the order waits once this returns.
  func order(_ name: String, reason: String = "it misses stains") -> Order {
    let answer = TestBroker.Recorder<RollBackOutcome>()
    let updater = updater
    Thread.detachNewThread { answer.append(updater.rollBack(name, reason: reason)) }
    updater.mutex.withLock { while updater.orders.isEmpty, updater.condition.wait(with: updater.mutex, until: Order.limit) {} }
    return Order(answer: answer)
  }

  struct Order {
    let answer: TestBroker.Recorder<RollBackOutcome>

    static var limit: MonotonicInstant { MonotonicClock.now().advanced(by: .seconds(30)) }

    var outcome: RollBackOutcome? { answer.first { _ in true } }
  }
}

/// Models run nowhere: it notes which packages were put in.
final class StubHost: ModelHost, @unchecked Sendable {
  /// The versions that were committed, in order.
  private(set) var committed: [String] = []
  private var prepared: [String] = []
  var usages: [String: ModelUsage] = [:]
  /// Called with the model's name whenever its usage is asked for.
  var onUsage: (String) -> Void = { _ in }
  /// Called whenever a package is to be made ready.
  var onPrepare: () -> Void = {}
  var refusal: EdgeAgentError?

  func prepare(_ package: ModelPackage, as name: String, onStep: () -> Void) throws(EdgeAgentError) -> PreparedSwitch {
    onPrepare()
    onStep()
    if let refusal { throw refusal }
    prepared.append(package.manifest.version)
    return PreparedSwitch(processors: [], hasWaiting: false)
  }

  func commit(_ prepared: PreparedSwitch) { committed.append(self.prepared.last ?? "") }

  /// Where shadows get their frames; nil: no pipeline runs the model.
  var line: PipelineWorker?
  private(set) var shadowCount = 0

  func beginShadow(
    _ package: ModelPackage, of name: String, frameCount: Int, onFrame: @escaping @Sendable () -> Void
  ) throws(EdgeAgentError) -> ShadowRun? {
    shadowCount += 1
    guard let line else { return nil }
    let run = try ShadowRun(package, line.settings, frameCount: frameCount, onFrame: onFrame)
    line.setShadow(run)
    return run
  }

  func endShadow(of name: String) { line?.setShadow(nil) }

  func releaseRetired() {}

  func usage(of name: String) -> ModelUsage {
    onUsage(name)
    return usages[name] ?? ModelUsage()
  }
}
