import Capture
import Pipelines
import Supervision

/// What it tells about itself.
extension AgentRuntime {
  var status: AgentStatus {
    var status = AgentStatus(
      uptime: startedAt.duration(to: MonotonicClock.now()),
      cameras: cameras.map { AgentStatus.Camera(name: $0.name, state: $0.source.state, counters: $0.source.counters) },
      pipelines: pipelines.map(status(of:)), speech: speech.map { AgentStatus.Speech($0) }, unrecorded: results.count + spoken.count,
      queued: publisher.queued, storageError: publisher.storageError, unkept: publisher.unkept, recorded: publisher.recorded,
      acknowledged: publisher.acknowledged, broker: publisher.brokerState, isConnected: publisher.isConnected)
    status.brokerConnections = publisher.brokerConnections
    status.outbox = publisher.outboxStatus
    status.models = publisher.models
    for gate in gates { gate.sweep() }
    status.gates = gates.map { AgentStatus.Gate($0) }
    status.machine = watch.current
    if status.machine.step > 0 { status.machine.reasons += configuration.keptInFull }
    return status
  }

  private func status(of pipeline: PipelineWorker) -> AgentStatus.Pipeline {
    var status = AgentStatus.Pipeline(
      description: pipeline.description, statistics: pipeline.statistics.snapshot, isPaused: pipeline.isPaused || isLeaderPaused(of: pipeline))
    if pipeline.hasLighter { status.isLight = pipeline.runsLighter }
    status.missedSnapshots = pipeline.snapshots?.missedCount
    status.backend = pipeline.backend
    status.frameRate = rates.rate(of: pipeline.name)
    status.recent = recent.findings(of: pipeline.name)
    return status
  }

  /// Without frames of its leader's a pipeline does nothing, either.
  private func isLeaderPaused(of pipeline: PipelineWorker) -> Bool { pipelines.contains { $0.name == pipeline.settings.after && $0.isPaused } }

  func noteRates() {
    rates.note(pipelines.map { ($0.name, $0.statistics.processedCount) }, at: MonotonicClock.now())
  }

  /// What lets others look at it: a socket for `swiftlet status`, and the page where there is to be one.
  func outlooks(of configuration: AgentConfiguration) -> [any Service] {
    let document: @Sendable () -> [UInt8]? = { [weak self] in
      self.map { StatusDocument($0.status, $0.configuration, at: MonotonicClock.wallTime()).encoded }
    }
    var services: [any Service] = [StatusSocket(configuration.storage, log: log, document: document)]
    if let page = configuration.page {
      let metrics: @Sendable () -> [UInt8]? = { [weak self] in self.map { AgentMetrics($0.status, $0.configuration).text } }
      services.append(PageService(page, log: log, document: document, metrics: metrics))
    }
    return services
  }
}
