import CPUExecution
import ModelManifest
import Pipelines
import Supervision
import Updates

/// The agent: runs one configuration after the other until it is asked to stop or has nothing left to do.
public final class Agent: @unchecked Sendable {
  /// A configuration that is ready to take the running one's place.
  private struct Successor {
    let configuration: AgentConfiguration
    let prepared: PreparedModels
    let ticket: ReloadTicket
  }

  let options: AgentOptions
  let log: AgentLog
  private let desk: CommandDesk
  private let watch: MachineWatch
  private let pauses = PauseRegister()
  private let mutex = PthreadMutex()
  /// Held while the service manager is told how the agent goes on, before `mutex`.
  private let announcements = PthreadMutex()
  private var current: AgentRuntime?
  /// The one that runs or ran last.
  private var latest: AgentRuntime?
  private var next: Successor?
  private var isStopping = false
  private var isOver = false
  private var lastNumber = 0
  private var installedNumber = 0

  public init(options: AgentOptions = AgentOptions(), log: AgentLog) {
    self.options = options
    self.log = log
    desk = CommandDesk(log: log)
    watch = MachineWatch(log: log, interval: options.sensorInterval, read: options.sensors.read)
    desk.agent = self
  }

  /// What the running configuration is doing, or did last; nil before the first one starts.
  public var status: AgentStatus? { mutex.withLock { latest }?.status }

  /// Whether `stop()` was called.
  var isAskedToStop: Bool { mutex.withLock { isStopping } }

  /// Runs until `stop()`, or until no camera, no microphone and no pipeline has anything left to do. Once.
  ///
  /// - Throws: what keeps the configuration from starting, or what failed more often than services may.
  public func run(_ configuration: AgentConfiguration) async throws(EdgeAgentError) {
    defer { end() }
    let forgive = {
      guard configuration.updates != nil else { return }
      CrashLoop.forgive(names: configuration.pipelines.compactMap(\.model.name), storage: configuration.storage)
    }
    do throws(EdgeAgentError) { try await runAll(configuration) } catch {
      // A model that can't be opened is the model's fault.
      if error.code != .model { forgive() }
      throw error
    }
    forgive()
  }

  private func runAll(_ configuration: AgentConfiguration) async throws(EdgeAgentError) {
    watch.start()
    defer { watch.stop() }
    var good = configuration
    let isDeviceSuspected = options.devices.keep(DeviceMark(configuration.storage))
    defer { options.devices.endInOrder() }
    if configuration.updates != nil {
      let names = configuration.pipelines.compactMap(\.model.name)
      CrashLoop.check(names: names, storage: configuration.storage, isDeviceSuspected: isDeviceSuspected, log: log)
    }
    var runtime = try runtime(good, try prepare(good))
    // What ran before, until the new one has begun; and whoever waits for that.
    var before: AgentConfiguration?
    var ticket: ReloadTicket?
    defer { ticket?.finish(.failed("the agent ended before this configuration ran")) }
    while true {
      // Nothing else says so from the end of one to the start of the next, and checking a large outbox takes a while.
      options.notifier.alive()
      guard admit(runtime) else { return runtime.discard() }
      do throws(EdgeAgentError) {
        let waiting = ticket
        try await runtime.run { waiting?.finish(.applied) }
      } catch {
        guard !runtime.hasStarted, let last = before else { throw error }
        (good, before) = (last, nil)
        runtime = try goBack(to: last, error, &ticket)
        continue
      }
      guard let next = takeNext() else { return }
      (before, ticket) = (good, next.ticket)
      options.notifier.alive()
      do throws(EdgeAgentError) {
        runtime = try self.runtime(next.configuration, currentModels(of: next))
        good = next.configuration
      } catch {
        before = nil
        runtime = try goBack(to: good, error, &ticket)
      }
    }
  }

  /// An update, or somebody's copying, may have moved a model since it was prepared. What is only half there by now doesn't count.
  private func currentModels(of next: Successor) -> PreparedModels {
    guard next.prepared.files != PreparedModels.files(of: next.configuration) else { return next.prepared }
    do throws(EdgeAgentError) { return try prepareUnwatched(next.configuration) } catch {
      log.warning("a model changed while it was loaded, and can't be used as it is now; what was loaded before runs: \(error.message)")
      return next.prepared
    }
  }

  private func runtime(_ configuration: AgentConfiguration, _ models: PreparedModels) throws(EdgeAgentError) -> AgentRuntime {
    // Checking a large outbox takes as long as the disk does.
    try options.notifier.sustaining { () throws(EdgeAgentError) in
      try AgentRuntime(configuration, models, options: options, desk: desk, watch: watch, pauses: pauses, log: log) { [weak self] in self?.beginAnew() }
    }
  }

  private func goBack(to configuration: AgentConfiguration, _ error: EdgeAgentError, _ ticket: inout ReloadTicket?) throws(EdgeAgentError) -> AgentRuntime {
    let text = "the new configuration can't run, the old one goes on: \(error.message)"
    log.error(text)
    ticket?.finish(.failed(text))
    ticket = nil
    return try runtime(configuration, try prepareUnwatched(configuration))
  }

  /// Ends in order: frames that are being worked on are finished, results recorded, the broker and the service manager told. Returns at once.
  public func stop() {
    let running = announcements.withLock { () -> AgentRuntime? in
      let (isFirst, running) = mutex.withLock { () -> (Bool, AgentRuntime?) in
        defer { isStopping = true }
        return (!isStopping, current)
      }
      if isFirst { options.notifier.stopping() }
      return running
    }
    running?.stop()
  }

  /// Tells the service manager something, unless it has been told that this is the end.
  func announce(_ tell: (SystemdNotifier) -> Void) { announcements.withLock { if !isAskedToStop { tell(options.notifier) } } }

  /// Replaces the running configuration, once the new one's models are loaded and fit.
  ///
  /// - Throws: why it can't; the running one goes on as if nothing had been asked.
  public func reload(_ configuration: AgentConfiguration) throws(EdgeAgentError) {
    _ = try replace(by: configuration, drawn: drawNumber()) { _ in }
  }

  /// Orders configurations by when they were read: loading models takes seconds, and an older one must not overtake a newer one.
  func drawNumber() -> Int {
    mutex.withLock {
      lastNumber += 1
      return lastNumber
    }
  }

  /// - Parameters:
  ///   - number: drawn before the configuration was read.
  ///   - willApply: called before the running configuration ends.
  func replace(
    by configuration: AgentConfiguration, drawn number: Int, _ willApply: (AgentConfiguration) -> Void
  ) throws(EdgeAgentError) -> ReloadTicket {
    let prepared = try prepare(configuration)
    let isOverdue = mutex.withLock { () -> Bool in
      defer { installedNumber = max(installedNumber, number) }
      return number < installedNumber
    }
    guard !isOverdue else { throw EdgeAgentError(.configuration, "a newer configuration came while this one was being prepared") }
    willApply(configuration)
    let ticket = ReloadTicket()
    let (running, replaced) = mutex.withLock { () -> (AgentRuntime?, ReloadTicket?) in
      guard !isOver else { return (nil, ticket) }
      defer { next = Successor(configuration: configuration, prepared: prepared, ticket: ticket) }
      return (current, next?.ticket)
    }
    replaced?.finish(.failed("a newer configuration came, or the end of the agent, before this one ran"))
    running?.stop()
    return ticket
  }

  /// Whether exactly this runs already, with the packages that would be loaded for it now, and nothing else is to follow.
  func isRunning(_ configuration: AgentConfiguration) -> Bool {
    let files = PreparedModels.files(of: configuration)
    return mutex.withLock { next == nil ? current : nil }.map { runtime in
      // What a device wasn't there for may run there now, unless the whole process has lost it.
      let wantsDevice = runtime.hasDeviceTrouble && !options.devices.isLost
      return runtime.isWhole && !wantsDevice && runtime.configuration == configuration && runtime.packageFiles == files
    } ?? false
  }

  var started: AgentRuntime? { mutex.withLock { current }.flatMap { $0.hasStarted ? $0 : nil } }

  func admit(_ envelope: [UInt8]) -> Result<SignedCommand, OrderRefusal>? { started?.admit(envelope) }

  func carryOut(_ command: SignedCommand) -> OrderOutcome? {
    guard let runtime = started else { return nil }
    let outcome = runtime.carryOut(command)
    // One that followed meanwhile may have looked for what is paused before that changed.
    if let later = mutex.withLock({ latest }), later !== runtime { later.applyPauses() }
    return outcome
  }

  /// The running configuration once more, as it has more to run now.
  private func beginAnew() {
    guard let configuration = mutex.withLock({ next?.configuration ?? current?.configuration }) else { return }
    do throws(EdgeAgentError) { try reload(configuration) } catch { log.error("the new model can't be taken up: \(error.message)") }
  }

  /// - Returns: whether it may run.
  private func admit(_ runtime: AgentRuntime) -> Bool {
    // Once it can be found: what was paused since it looked, whoever did that hadn't found it.
    defer { runtime.applyPauses() }
    let (mayRun, replaced) = mutex.withLock { () -> (Bool, AgentRuntime?) in
      defer { latest = runtime }
      current = isStopping ? nil : runtime
      // One that was replaced before it began ends at once.
      if next != nil { runtime.stop() }
      return (!isStopping, latest)
    }
    // Letting go of devices may take its time: not under the mutex.
    withExtendedLifetime(replaced) {}
    return mayRun
  }

  private func takeNext() -> Successor? {
    mutex.withLock {
      current = nil
      guard !isStopping else { return nil }
      defer { next = nil }
      return next
    }
  }

  /// Nobody waits for a configuration any more.
  private func end() {
    let left = mutex.withLock { () -> Successor? in
      isOver = true
      defer { next = nil }
      return next
    }
    left?.ticket.finish(.failed("the agent ended before this configuration ran"))
    desk.close()
  }

  /// For when nothing runs whose watchdog would speak for the process.
  private func prepareUnwatched(_ configuration: AgentConfiguration) throws(EdgeAgentError) -> PreparedModels {
    try options.notifier.sustaining { () throws(EdgeAgentError) in try prepare(configuration) }
  }

  private func prepare(_ configuration: AgentConfiguration) throws(EdgeAgentError) -> PreparedModels {
    // Copies of the packages lie there; where it can't be made, starting says so.
    try? makeFolders(configuration.storage.path)
    let files = PreparedModels.files(of: configuration)
    var pipelines: [PreparedPipeline] = []
    var opened = OpenedModels(options, configuration.storage, log)
    var manners = LoadingManners(turns: mutex.withLock { current }?.turns)
    for settings in configuration.pipelines {
      if configuration.updates != nil, settings.model.path == nil {
        log.notice(
          "pipeline \(settings.name): waits for the fleet to bring its model ‘\(settings.model.name ?? "")’", about: .pipeline(settings.name),
          .model(settings.model.name ?? ""))
        continue
      }
      let (package, weights) = try opened.open(settings)
      manners.frameSize = configuration.frameSize(of: settings)
      let processor = try FrameProcessor(package, settings, sharing: weights, devices: options.devices, manners: manners)
      processor.backend.tell(of: settings.name, log)
      let lighter = try lighter(of: settings, beside: processor, &opened, manners.frameSize)
      pipelines.append(PreparedPipeline(settings: settings, processor: processor, lighter: lighter, package: package, weights: weights))
    }
    try joinBatches(pipelines)
    warnOfCrops(pipelines)
    var listeners: [Listener] = []
    for settings in configuration.speech {
      do throws(EdgeAgentError) { listeners.append(try Listener(settings) { (path) throws(ModelPackageError) in try opened.package(at: path) }) } catch {
        // Models that hear are no release of the fleet's: they must not undo one.
        throw EdgeAgentError(.configuration, "pipeline \(settings.name): \(error.message)")
      }
      try configuration.microphones.first { $0.name == settings.microphone }?.check()
    }
    return PreparedModels(pipelines: pipelines, listeners: listeners, files: files)
  }
}

extension Agent {
  /// At once, so that a machine that is strained has nothing to load. Beside a model from the store nothing about the lighter one keeps the agent from
  /// running: an update may have brought what it doesn't fit.
  ///
  /// - Throws: `configuration`, whatever is wrong: the pipeline's own model, which updates could undo, isn't to blame.
  private func lighter(
    of settings: PipelineSettings, beside heavy: FrameProcessor, _ opened: inout OpenedModels, _ frameSize: (width: Int, height: Int)?
  ) throws(EdgeAgentError) -> FrameProcessor? {
    guard let model = settings.lighter else { return nil }
    var chosen = settings
    chosen.model = model
    let lighter: FrameProcessor?
    var mistake: String?
    do throws(EdgeAgentError) {
      let (package, weights) = try opened.open(chosen)
      mistake = package.manifest.mistake(inPlaceOf: heavy.manifest).map { "\(package.origin): \($0)" }
      lighter = try FrameProcessor(
        package, chosen, sharing: weights, devices: options.devices, manners: LoadingManners(frameSize: frameSize))
    } catch { (lighter, mistake) = (nil, mistake ?? error.message) }
    guard let mistake else { return lighter }
    guard settings.model.name != nil else {
      throw EdgeAgentError(.configuration, "pipeline \(settings.name): lighter: \(mistake)", setting: "lighter")
    }
    log.warning("pipeline \(settings.name): lighter: \(mistake); it doesn't run", about: .pipeline(settings.name))
    // Another update may bring a model that it fits.
    return lighter
  }

  /// Pipelines with the same package and the same `batch` run their frames together. A package from the store that can't do so runs each by itself.
  private func joinBatches(_ pipelines: [PreparedPipeline]) throws(EdgeAgentError) {
    var rest = pipelines.filter { $0.settings.batch != nil && $0.settings.after == nil }
    while let first = rest.first, let settings = first.settings.batch {
      let members = rest.filter { $0.package === first.package && $0.settings.batch == settings }
      rest.removeAll { pipeline in members.contains { $0.settings.name == pipeline.settings.name } }
      guard members.count > 1 else { continue }
      let threads = members.map(\.processor.threadCount).max() ?? 1
      let batch: FrameBatch
      do throws(EdgeAgentError) {
        batch = try FrameBatch(first.package, like: first.processor, settings, threads: threads, members: members.count, sharing: first.weights)
      } catch {
        guard members.allSatisfy({ $0.settings.model.name != nil }) else {
          throw EdgeAgentError(error.code, "pipeline \(first.settings.name): batch: \(error.message)", setting: "batch")
        }
        for member in members {
          log.warning(
            "pipeline \(member.settings.name): batch: \(error.message); its frames run alone", about: .pipeline(member.settings.name))
        }
        continue
      }
      for (index, member) in members.enumerated() { member.processor.join(batch, as: index) }
    }
  }

  /// A label that the model before doesn't know is never looked at. An update may have taken it away: that stops nothing else.
  private func warnOfCrops(_ pipelines: [PreparedPipeline]) {
    for pipeline in pipelines {
      guard let leader = pipelines.first(where: { $0.settings.name == pipeline.settings.after }) else {
        if let name = pipeline.settings.after {
          log.notice("pipeline \(pipeline.settings.name): waits for \(name), which waits for its model", about: .pipeline(pipeline.settings.name))
        }
        continue
      }
      guard let mistake = pipeline.settings.crops?.mistake(after: leader.settings.name, labels: leader.processor.manifest.labels) else { continue }
      log.warning("pipeline \(pipeline.settings.name): crops.label: \(mistake); it looks at nothing", about: .pipeline(pipeline.settings.name))
    }
  }
}

/// A pipeline whose model is loaded and fits.
struct PreparedPipeline: Sendable {
  let settings: PipelineSettings
  let processor: FrameProcessor
  let lighter: FrameProcessor?
  let package: ModelPackage
  let weights: SharedWeights
}

/// What a configuration needs before it can run.
struct PreparedModels: Sendable {
  /// Without those that wait for their first model.
  let pipelines: [PreparedPipeline]
  let listeners: [Listener]
  /// The packages of each of the configuration's pipelines, as they were before they were loaded.
  let files: [FileIdentity?]

  static func files(of configuration: AgentConfiguration) -> [FileIdentity?] {
    let models =
      configuration.pipelines.flatMap { [$0.model.path, $0.lighter?.path] } + configuration.speech.flatMap { [$0.model.path, $0.voiceActivity.path] }
    return models.map { $0.flatMap { FileIdentity($0) } }
  }
}
