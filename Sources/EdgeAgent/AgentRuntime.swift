import Capture
import Pipelines
import Supervision

/// One configuration while it runs: camera threads, pipeline threads, the recorder, and the services beside them. Runs once.
final class AgentRuntime: @unchecked Sendable {
  let configuration: AgentConfiguration
  private let options: AgentOptions
  let log: AgentLog
  let ledger = ProgressLedger()
  private let results: BoundedQueue<FrameResult>
  let publisher: ResultPublisher
  private let startedAt = MonotonicClock.now()
  private let mutex = PthreadMutex()
  private var cameras: [CameraWorker] = []
  private(set) var pipelines: [PipelineWorker] = []
  // Under the mutex.
  private var updates: Updater?
  private var isStopped = false
  private var isStarted = false
  /// Of its pipelines' packages, as they were loaded at the start.
  let packageFiles: [FileIdentity?]
  /// Asks for the same configuration anew, as a model came that a pipeline waited for.
  let onFirstInstall: @Sendable () -> Void
  private var runningPipelines: [String] = []

  /// Opens the outbox and the cameras; nothing runs yet.
  init(
    _ configuration: AgentConfiguration, _ models: PreparedModels, options: AgentOptions, desk: CommandDesk, log: AgentLog,
    onFirstInstall: @escaping @Sendable () -> Void = {}
  ) throws(EdgeAgentError) {
    let prepared = models.pipelines
    packageFiles = models.files
    self.configuration = configuration
    self.options = options
    self.log = log
    self.onFirstInstall = onFirstInstall
    var sources: [(name: String, source: any CameraSource)] = []
    for camera in configuration.cameras where configuration.pipelines.contains(where: { $0.camera == camera.name }) {
      do { sources.append((camera.name, try openCamera(camera.source.description, settings: camera.settings))) } catch {
        throw EdgeAgentError(.camera, "camera \(camera.name): \(error.message)")
      }
    }
    results = BoundedQueue(capacity: max(1, prepared.count) * PipelineWorker.resultCount, policy: .rejectNewest)
    publisher = try ResultPublisher(configuration, desk: desk, log: log)
    for pipeline in prepared {
      pipelines.append(
        PipelineWorker(pipeline.settings, processor: pipeline.processor, results: results, ledger: ledger, log: log) { [weak self] worker in
          self?.pipelineEnded(worker)
        })
    }
    runningPipelines = pipelines.map(\.name)
    restorePauses()
    for (name, source) in sources {
      let watching = pipelines.filter { $0.camera == name }
      let names = watching.map(\.name)
      cameras.append(
        CameraWorker(name, source: source, pipelines: watching, ledger: ledger, log: log) { [publisher] in publisher.note(names, haveCamera: $0) })
    }
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
  var isWhole: Bool { mutex.withLock { isStarted && !isStopped && runningPipelines.count == pipelines.count } }

  private func start() throws(EdgeAgentError) {
    try publisher.start(pipelines.map(\.description))
    let made = try publisher.topics.flatMap { topics throws(EdgeAgentError) in try makeUpdater(topics) }
    let isLate = mutex.withLock { () -> Bool in
      updates = made
      return isStopped
    }
    if isLate { made?.stop() }
    for pipeline in pipelines { try pipeline.start() }
    for camera in cameras { try camera.start() }
  }

  /// Lets go of everything that was opened, without having run.
  func discard() {
    stop()
    for pipeline in pipelines { pipeline.mailbox.close() }
    publisher.finish(waitingForAcknowledgements: false)
  }

  /// Ends the cameras; pipelines and recorder follow by themselves.
  func stop() {
    mutex.withLock { () -> Updater? in
      isStopped = true
      return updates
    }?.stop()
    for camera in cameras { camera.stop() }
    // Without a pipeline nobody else would end the recorder.
    if pipelines.isEmpty { results.close() }
  }

  /// The recorder returns when all is done; what supports it goes on until everything is put away.
  private func supervise() async -> SupervisionError? {
    let recorder = Recorder(results: results, progress: ledger.stage("recorder")) { [self] result in
      options.onResult?(result)
      let name = result.pipeline.name
      defer { pipelines.first { $0.name == name }?.recycle(result) }
      if result.isReported { publisher.record(result) }
    }
    let log = log
    let watchdog = Watchdog(ledger: ledger, notifier: options.notifier) { stuck in
      if stuck.isEmpty { log.notice("all stages go on") } else { log.error("no progress in: \(stuck.joined(separator: ", "))") }
    }
    let health = HealthReporter(interval: configuration.mqtt?.healthInterval ?? .seconds(10)) { [self] in
      let status = status
      tell(status)
      publisher.publishHealth(status)
    }
    return await withTaskGroup(of: SupervisionError?.self) { group in
      group.addTask {
        let failure = await self.outcome(of: [recorder])
        await self.putAway(waitingForAcknowledgements: failure == nil)
        return failure
      }
      let updater = self.updater
      group.addTask { await self.outcome(of: [watchdog, health] + (updater.map { [$0] } ?? [])) }
      let first = await group.next() ?? nil
      stop()
      group.cancelAll()
      return first
    }
  }

  /// Keeps the service manager's line about this agent true.
  private func tell(_ status: AgentStatus) { options.notifier.status(status.line) }

  /// Joins the threads and takes leave of the broker, on a thread of its own: both wait, and tasks share few threads.
  private func putAway(waitingForAcknowledgements isOrderly: Bool) async {
    let progress = ledger.stage("ending")
    await withCheckedContinuation { continuation in
      let work: @Sendable () -> Void = { [self] in
        progress.work()
        stop()
        for camera in cameras { camera.join() }
        for pipeline in pipelines { pipeline.join() }
        publisher.finish(waitingForAcknowledgements: isOrderly)
        ledger.remove(progress)
        continuation.resume()
      }
      do { _ = try DataPlaneThread(name: "ending", body: work) } catch { work() }
    }
  }

  private func outcome(of services: [any Service]) async -> SupervisionError? {
    let log = log
    let group = ServiceGroup(services, describe: Self.describe) { failure in
      log.error("\(failure.service): \(Self.describe(failure.error))")
    }
    do {
      try await group.run()
      return nil
    } catch { return error }
  }

  private static func describe(_ error: any Error) -> String {
    (error as? EdgeAgentError)?.message ?? "\(error)"
  }

  /// On the pipeline's own thread: its camera stops with its last pipeline, the recorder with the last of all.
  private func pipelineEnded(_ worker: PipelineWorker) {
    let camera = worker.camera
    let (isLast, isCamerasLast) = mutex.withLock {
      runningPipelines.removeAll { $0 == worker.name }
      let others = pipelines.filter { $0.camera == camera && runningPipelines.contains($0.name) }
      return (runningPipelines.isEmpty, others.isEmpty)
    }
    if isCamerasLast { cameras.first { $0.name == camera }?.stop() }
    if isLast { results.close() }
  }

  var status: AgentStatus {
    AgentStatus(
      uptime: startedAt.duration(to: MonotonicClock.now()),
      cameras: cameras.map { AgentStatus.Camera(name: $0.name, state: $0.source.state, counters: $0.source.counters) },
      pipelines: pipelines.map { AgentStatus.Pipeline(description: $0.description, statistics: $0.statistics.snapshot, isPaused: $0.isPaused) },
      unrecorded: results.count, queued: publisher.queued, storageError: publisher.storageError, recorded: publisher.recorded,
      acknowledged: publisher.acknowledged,
      broker: publisher.brokerState, isConnected: publisher.isConnected)
  }
}
