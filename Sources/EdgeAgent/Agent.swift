import Pipelines
import Supervision

/// The agent: runs one configuration after the other until it is asked to stop or has nothing left to do.
public final class Agent: @unchecked Sendable {
  private let options: AgentOptions
  private let log: AgentLog
  private let mutex = PthreadMutex()
  private var current: AgentRuntime?
  /// The one that runs or ran last.
  private var latest: AgentRuntime?
  private var next: (configuration: AgentConfiguration, pipelines: [PreparedPipeline])?
  private var isStopping = false

  public init(options: AgentOptions = AgentOptions(), log: AgentLog) {
    self.options = options
    self.log = log
  }

  /// What the running configuration is doing, or did last; nil before the first one starts.
  public var status: AgentStatus? { mutex.withLock { latest }?.status }

  /// Runs until `stop()`, or until no camera and no pipeline has anything left to do.
  ///
  /// - Throws: what keeps the configuration from starting, or what failed more often than services may.
  public func run(_ configuration: AgentConfiguration) async throws(EdgeAgentError) {
    var good = configuration
    var runtime = try AgentRuntime(good, try prepare(good), options: options, log: log)
    while true {
      guard admit(runtime) else { return runtime.discard() }
      try await runtime.run()
      guard let next = takeNext() else { return }
      do {
        runtime = try AgentRuntime(next.configuration, next.pipelines, options: options, log: log)
        good = next.configuration
      } catch {
        log.error("the new configuration can't run, the old one goes on: \(error.message)")
        runtime = try AgentRuntime(good, try prepare(good), options: options, log: log)
      }
    }
  }

  /// Ends in order: frames that are being worked on are finished, results recorded, the broker told. Returns at once.
  public func stop() {
    mutex.withLock { () -> AgentRuntime? in
      isStopping = true
      return current
    }?.stop()
  }

  /// Replaces the running configuration, once the new one's models are loaded and fit.
  ///
  /// - Throws: why it can't; the running one goes on as if nothing had been asked.
  public func reload(_ configuration: AgentConfiguration) throws(EdgeAgentError) {
    let pipelines = try prepare(configuration)
    mutex.withLock { () -> AgentRuntime? in
      next = (configuration, pipelines)
      return current
    }?.stop()
  }

  /// - Returns: whether it may run.
  private func admit(_ runtime: AgentRuntime) -> Bool {
    mutex.withLock {
      current = isStopping ? nil : runtime
      latest = runtime
      // One that was replaced before it began ends at once.
      if next != nil { runtime.stop() }
      return !isStopping
    }
  }

  private func takeNext() -> (configuration: AgentConfiguration, pipelines: [PreparedPipeline])? {
    mutex.withLock {
      defer { next = nil }
      current = nil
      return isStopping ? nil : next
    }
  }

  private func prepare(_ configuration: AgentConfiguration) throws(EdgeAgentError) -> [PreparedPipeline] {
    var pipelines: [PreparedPipeline] = []
    for settings in configuration.pipelines {
      let package = try options.openModel(settings)
      let threads = settings.threads ?? min(4, processorCount())
      let processor = try FrameProcessor(package, threshold: settings.threshold, threads: threads)
      pipelines.append(PreparedPipeline(settings: settings, processor: processor))
    }
    return pipelines
  }
}

/// A pipeline whose model is loaded and fits.
struct PreparedPipeline: Sendable {
  let settings: PipelineSettings
  let processor: FrameProcessor
}
