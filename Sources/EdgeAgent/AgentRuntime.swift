import Capture
import Pipelines
import Supervision

/// One configuration while it runs: camera threads, pipeline threads, the recorders, and the services beside them. Runs once.
final class AgentRuntime: @unchecked Sendable {
  let configuration: AgentConfiguration
  let options: AgentOptions
  let log: AgentLog
  let ledger = ProgressLedger()
  let results: BoundedQueue<FrameResult>
  let spoken: BoundedQueue<SpokenResult>
  let publisher: ResultPublisher
  let pauses: PauseRegister
  let startedAt = MonotonicClock.now()
  /// No more threads compute than there are processors; who asks first has his turn first.
  let turns = ProcessorTurns(processorCount: processorCount())
  private let mutex = PthreadMutex()
  private(set) var cameras: [CameraWorker] = []
  private(set) var pipelines: [PipelineWorker] = []
  private(set) var speech: [SpeechWorker] = []
  private(set) var gates: [GateDesk] = []
  private(set) var snapshots: [SnapshotDesk] = []
  // Under the mutex.
  private var updates: Updater?
  private var isStopped = false
  private var isStarted = false
  /// Of its pipelines' packages, as they were loaded at the start.
  let packageFiles: [FileIdentity?]
  /// Asks for the same configuration anew, as a model came that a pipeline waited for.
  let onFirstInstall: @Sendable () -> Void
  private var runningPipelines: [String] = []
  private var unkeptAtLine: UInt64 = 0
  let recent = RecentDetections()
  let rates = FrameRates()
  let watch: MachineWatch
  /// How often each pipeline had gone over to its lighter model and back at the last look; the watch's service's own.
  var switchesBefore: [String: Int] = [:]
  /// Frames that each pipeline had left out when the step changed last; the watch's service's own.
  var sparedBefore: [String: UInt64] = [:]

  /// Opens the outbox and the cameras; nothing runs yet.
  init(
    _ configuration: AgentConfiguration, _ models: PreparedModels, options: AgentOptions, desk: CommandDesk, watch: MachineWatch,
    pauses: PauseRegister = PauseRegister(), log: AgentLog, onFirstInstall: @escaping @Sendable () -> Void = {}
  ) throws(EdgeAgentError) {
    let prepared = models.pipelines
    packageFiles = models.files
    self.configuration = configuration
    self.options = options
    self.watch = watch
    self.pauses = pauses
    self.log = log
    self.onFirstInstall = onFirstInstall
    var sources: [(name: String, source: any CameraSource)] = []
    for camera in configuration.cameras where configuration.pipelines.contains(where: { $0.camera == camera.name }) {
      do { sources.append((camera.name, try openCamera(camera.source.description, settings: camera.settings))) } catch {
        throw EdgeAgentError(.camera, "camera \(camera.name): \(error.message)")
      }
    }
    var listening: [(listener: Listener, microphone: NamedMicrophone)] = []
    for listener in models.listeners {
      guard let microphone = configuration.microphones.first(where: { $0.name == listener.settings.microphone }) else {
        throw EdgeAgentError(.configuration, "pipeline \(listener.settings.name): there is no microphone \(listener.settings.microphone)")
      }
      listening.append((listener, microphone))
    }
    results = BoundedQueue(capacity: max(1, prepared.count) * PipelineWorker.resultCount, policy: .rejectNewest)
    spoken = BoundedQueue(capacity: max(1, models.listeners.count) * SpeechWorker.resultCount, policy: .rejectNewest)
    publisher = try ResultPublisher(configuration, desk: desk, log: log)
    // Also of a pipeline that waits for its model: its gate rejects what nobody judges.
    for settings in configuration.pipelines { makeGate(for: settings) }
    makePipelines(prepared)
    for (listener, microphone) in listening {
      let sampleRate = listener.sampleRate
      speech.append(
        SpeechWorker(
          listener, open: { (onTurn) throws(EdgeAgentError) in try microphone.open(sampleRate: sampleRate, onTurn: onTurn) }, results: spoken, ledger: ledger,
          log: log
        ) { [weak self] worker in self?.speechEnded(worker) })
    }
    runningPipelines = pipelines.map(\.name) + speech.map(\.name)
    restorePauses()
    // A machine that is strained is no less so by another configuration.
    watch.adopt(configuration.degradation)
    for pipeline in pipelines { pipeline.degradation = watch.current.step }
    expectTrials()
    for (name, source) in sources {
      let watching = pipelines.filter { $0.camera == name && $0.settings.after == nil }
      let names = pipelines.filter { $0.camera == name }.map(\.name)
      cameras.append(
        CameraWorker(name, source: source, pipelines: watching, ledger: ledger, log: log) { [publisher] in publisher.note(names, haveCamera: $0) })
    }
  }

  /// The pipelines in the configuration's order, those first made that others come before. One whose leader waits for its first model waits, too.
  private func makePipelines(_ prepared: [PreparedPipeline]) {
    func make(_ pipeline: PreparedPipeline, followers: [PipelineWorker] = []) -> PipelineWorker {
      PipelineWorker(
        pipeline.settings, processor: pipeline.processor, lighter: pipeline.lighter, turns: turns, results: results, followers: followers,
        gate: gates.first { $0.pipeline == pipeline.settings.name }, snapshots: makeSnapshots(pipeline.settings),
        keepsAll: configuration.reasonToKeepAll(pipeline.settings) != nil, ledger: ledger, log: log
      ) { [weak self] worker in self?.pipelineEnded(worker) }
    }
    let leaders = prepared.filter { $0.settings.after == nil }
    let following = prepared.filter { pipeline in leaders.contains { $0.settings.name == pipeline.settings.after } }.map { make($0) }
    let leading = leaders.map { leader in make(leader, followers: following.filter { $0.settings.after == leader.settings.name }) }
    pipelines = prepared.compactMap { pipeline in (leading + following).first { $0.name == pipeline.settings.name } }
  }

  /// Returns when every pipeline has ended and what they found is recorded.
  ///
  /// - Parameter onStart: called once all of it has started.
  func run(onStart: (@Sendable () -> Void)? = nil) async throws(EdgeAgentError) {
    do throws(EdgeAgentError) { try start() } catch {
      discard()
      throw error
    }
    mutex.withLock { isStarted = true }
    options.onStart?()
    tell(status)
    onStart?()
    if let failure = await supervise() { throw EdgeAgentError(.resources, failure.message) }
  }

  /// Nil where the configuration has no updates, or nothing has started yet.
  var updater: Updater? { mutex.withLock { updates } }

  /// Whether all of it began to run.
  var hasStarted: Bool { mutex.withLock { isStarted } }

  /// Whether all of it runs.
  var isWhole: Bool { mutex.withLock { isStarted && !isStopped && runningPipelines.count == pipelines.count + speech.count } }

  /// Whether a model runs on the processor that a device should run, and something is wrong with that.
  var hasDeviceTrouble: Bool { pipelines.contains { $0.backend.trouble != nil } }

  private func start() throws(EdgeAgentError) {
    try publisher.start(pipelines.map(\.description))
    let made = try publisher.topics.flatMap { topics throws(EdgeAgentError) in try makeUpdater(topics) }
    let isLate = mutex.withLock { () -> Bool in
      updates = made
      return isStopped
    }
    if isLate { made?.stop() }
    for gate in gates { try gate.start() }
    for desk in snapshots { try desk.start() }
    for pipeline in pipelines where pipeline.settings.after == nil { try pipeline.start() }
    for camera in cameras { try camera.start() }
    for worker in speech { try worker.start() }
    forgetLostPauses()
  }

  /// Lets go of everything that was opened, without having run.
  func discard() {
    stop()
    for pipeline in pipelines { pipeline.mailbox.close() }
    for gate in gates { gate.stop() }
    for desk in snapshots { desk.stop() }
    publisher.finish(waitingForAcknowledgements: false)
  }

  /// Ends the cameras and microphones; pipelines and recorders follow by themselves.
  func stop() {
    mutex.withLock { () -> Updater? in
      isStopped = true
      return updates
    }?.stop()
    for camera in cameras { camera.stop() }
    for worker in speech { worker.stop() }
    // Without a pipeline nobody else would end the recorders.
    if pipelines.isEmpty, speech.isEmpty { closeResults() }
  }

  /// The recorders return when all is done; what supports them goes on until everything is put away.
  private func supervise() async -> SupervisionError? {
    let recorder = Recorder("recorder", of: results, progress: ledger.stage("recorder")) { [self] result in
      if result.isFrame {
        options.onResult?(result)
        recent.note(result)
      }
      let name = result.pipeline.name
      defer { pipelines.first { $0.name == name }?.recycle(result) }
      if result.isReported { publisher.record(result) }
      if let settings = pipelines.first(where: { $0.name == name })?.settings { publisher.recordDecisions(result, settings) }
    }
    var recorders: [any Service] = [recorder]
    if !speech.isEmpty {
      recorders.append(
        Recorder("recorder of speech", of: spoken, progress: ledger.stage("recorder of speech", patience: Self.diskPatience)) { [self] result in
          publisher.record(result)
          obey(result)
        })
    }
    let log = log
    let watchdog = Watchdog(ledger: ledger, notifier: options.notifier) { stuck in
      if stuck.isEmpty { log.notice("all stages go on") } else { log.error("no progress in: \(stuck.joined(separator: ", "))") }
    }
    let interval = configuration.mqtt?.healthInterval ?? Self.lineInterval
    let health = HealthReporter(interval: interval) { [self] in publisher.publishHealth(status) }
    let line = HealthReporter(name: "status", interval: min(interval, Self.lineInterval)) { [self] in tell(status) }
    let looks: [any Service] = outlooks(of: configuration) + [MachineService(interval: options.sensorInterval) { [self] in lookAtMachine() }]
    return await withTaskGroup(of: SupervisionError?.self) { group in
      group.addTask { [recorders] in
        let failure = await self.outcome(of: recorders)
        await self.putAway(waitingForAcknowledgements: failure == nil)
        return failure
      }
      let updater = self.updater
      group.addTask { await self.outcome(of: [watchdog, health, line] + looks + (updater.map { [$0] } ?? [])) }
      let first = await group.next() ?? nil
      stop()
      group.cancelAll()
      return first
    }
  }

  /// A spoken pause is done once it is on the disk, for which a busy one takes its time.
  private static let diskPatience = Duration.seconds(40)

  /// Who looks at `systemctl status` sees what was the case this long ago at most.
  private static let lineInterval = Duration.seconds(10)

  /// Keeps the service manager's line about this agent true.
  private func tell(_ status: AgentStatus) {
    let before = mutex.withLock { () -> UInt64 in
      defer { unkeptAtLine = status.unkept }
      return unkeptAtLine
    }
    options.notifier.status(status.line(unkeptBefore: before))
  }

  /// Joins the threads and takes leave of the broker, on a thread of its own: both wait, and tasks share few threads.
  private func putAway(waitingForAcknowledgements isOrderly: Bool) async {
    let progress = ledger.stage("ending")
    await withCheckedContinuation { continuation in
      let work: @Sendable () -> Void = { [self] in
        progress.work()
        stop()
        for camera in cameras { camera.join() }
        for pipeline in pipelines { pipeline.join() }
        for worker in speech { worker.join() }
        for gate in gates { gate.stop() }
        for desk in snapshots { desk.stop() }
        publisher.finish(waitingForAcknowledgements: isOrderly)
        ledger.remove(progress)
        continuation.resume()
      }
      do { _ = try DataPlaneThread(name: "ending", body: work) } catch { work() }
    }
  }

  private func outcome(of services: [any Service]) async -> SupervisionError? {
    let log = log
    let group = ServiceGroup(services, describe: Self.describe) { [self] failure in
      log.error("\(failure.service): \(Self.describe(failure.error))")
      // What waits for the others' results would wait for ever.
      if !failure.isRestarting { stop() }
    }
    do {
      try await group.run()
      return nil
    } catch { return error }
  }

  private static func describe(_ error: any Error) -> String {
    (error as? EdgeAgentError)?.message ?? "\(error)"
  }

  /// - Returns: whether it was the last of all.
  func noteEnd(of name: String) -> Bool {
    mutex.withLock {
      runningPipelines.removeAll { $0 == name }
      return runningPipelines.isEmpty
    }
  }

  private func makeSnapshots(_ settings: PipelineSettings) -> SnapshotDesk? {
    let (publisher, log, name) = (publisher, log, settings.name)
    let commands = configuration.commands(picturing: name)
    guard settings.inspection.rules.contains(where: \.takesSnapshot) || !commands.isEmpty else { return nil }
    let desk = SnapshotDesk(
      settings, commands: commands, ledger: ledger,
      onOverdue: { command in
        let why = "no frame came in time: it is paused, its camera is away, or its frames come seldom"
        log.warning("pipeline \(name): no picture for the spoken command \"\(command)\", as \(why)", about: .pipeline(name))
      }, tell: { publisher.record($0, of: name) })
    snapshots.append(desk)
    return desk
  }

  private func makeGate(for settings: PipelineSettings) {
    guard let gate = configuration.gates.first(where: { $0.name == settings.gate }) else { return }
    let (publisher, log, name) = (publisher, log, settings.name)
    let desk = GateDesk(gate, pipeline: name, ledger: ledger) { notice in
      notice.log(gate.name, name, log)
      publisher.record(notice, of: gate.name, to: name)
    }
    gates.append(desk)
  }

  func isRunning(_ name: String) -> Bool { mutex.withLock { runningPipelines.contains(name) } }
}
