import Glibc
import JSONReading
import ModelManifest
import Outbox
import Pipelines
import Supervision
import Updates

/// Keeps this device's models on the versions that the fleet wants there: hears of releases, fetches what is meant for it, tests, switches,
/// watches, and goes back by itself. One thread; nothing here holds up a frame.
final class Updater: Service, @unchecked Sendable {
  let name = "updates"
  let settings: UpdateSettings
  let group: DeviceGroup
  /// `STORAGE/models`, and `STORAGE/updates`.
  let storage: StorageSettings
  let modelsFolder: String
  let folder: String
  /// Names that pipelines run.
  let names: [String]
  let topics: RetainedTopics
  /// Which signed commands this device takes, by the metadata that are trusted at present.
  let admission: CommandAdmission
  let log: AgentLog
  unowned let host: any ModelHost
  private let publish: @Sendable (ModelsMessage) -> Void
  /// A model was installed for pipelines that had none.
  let onFirstInstall: @Sendable () -> Void
  private let progress: StageProgress
  let mutex = PthreadMutex()
  let condition = PthreadCondition()
  // Under the mutex.
  private(set) var isStopped = false
  private var isAskedFor = true
  /// Those that the thread hasn't begun.
  var orders: [RollBackOrder] = []
  // The thread's own.
  var journal: UpdateJournal
  var check = ModelsMessage.Check()
  /// Models whose next version waits for the end of a trial.
  var postponed: Set<String> = []
  /// A download waits for its time of the day.
  var waitsForHours = false
  /// One can't be put away, and would be taken again and again.
  var leavesStick = false
  var candidates: [String: ModelsMessage.Candidate] = [:]
  var trials: [String: RunningTrial] = [:]
  private var lastPublished: MonotonicInstant?

  private static let stickInterval = Duration.seconds(5)

  /// Failures are tried again after this, then ever more seldom.
  private static let retryDelay = Duration.seconds(30)

  init(
    _ settings: UpdateSettings, _ configuration: AgentConfiguration, names: [String], topics: RetainedTopics, host: any ModelHost, progress: StageProgress,
    log: AgentLog, onFirstInstall: @escaping @Sendable () -> Void, publish: @escaping @Sendable (ModelsMessage) -> Void
  ) throws(EdgeAgentError) {
    self.settings = settings
    group = DeviceGroup(channel: settings.channel, site: configuration.device.site, device: configuration.device.identifier)
    (storage, modelsFolder, folder) = (configuration.storage, configuration.storage.modelsFolder, configuration.storage.updatesFolder)
    try makeFolders(folder + "/metadata")
    admission = CommandAdmission(folder: folder, site: configuration.device.site, device: configuration.device.identifier)
    (self.names, self.topics, self.host, self.progress, self.log, self.publish) = (names, topics, host, progress, log, publish)
    self.onFirstInstall = onFirstInstall
    journal = UpdateJournal(path: UpdateJournal.path(in: folder))
    topics.progress = progress
    trustKept()
  }

  func run() async throws {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let work: @Sendable () -> Void = { [self] in
          runOnThread()
          continuation.resume()
        }
        do throws(PipelinesError) { _ = try DataPlaneThread(name: "updates", body: work) } catch {
          log.error("updates: \(error.message); no update is looked for")
          continuation.resume()
        }
      }
    } onCancel: {
      stop()
    }
  }

  func stop() {
    mutex.withLock { isStopped = true }
    condition.broadcast()
    topics.stop()
  }

  /// Looks at the fleet's metadata soon.
  func look() {
    mutex.withLock { isAskedFor = true }
    condition.broadcast()
  }

  /// Whether new metadata have come.
  var isAsked: Bool { mutex.withLock { isAskedFor } }

  var mayGoOn: Bool { !mutex.withLock { isStopped } }

  // MARK: - The thread

  private func runOnThread() {
    resumeTrials()
    var failureCount = 0
    var next = MonotonicClock.now()
    while let isAskedFor = waitForWork(until: next) {
      carryOutOrders()
      let now = MonotonicClock.now()
      if isAskedFor || now >= next {
        progress.work()
        spread(isAskedFor)
        let isWhole = lookOnce()
        failureCount = isWhole ? 0 : failureCount + 1
        let retry = Self.retryDelay * Double(1 << min(failureCount, 10))
        var delay = isWhole ? settings.interval : min(retry, settings.interval)
        if waitsForHours, let hours = settings.hours { delay = min(delay, .seconds(60 * hours.minutes(until: localMinute()))) }
        next = MonotonicClock.now().advanced(by: delay)
      }
      watchTrials()
      progress.wait()
    }
    endTrialsInOrder()
  }

  /// - Returns: whether somebody asked for a look; nil at the end.
  private func waitForWork(until next: MonotonicInstant) -> Bool? {
    mutex.withLock {
      while true {
        if isStopped { return nil }
        if isAskedFor {
          isAskedFor = false
          return true
        }
        if !orders.isEmpty { return false }
        let now = MonotonicClock.now()
        if now >= next { return false }
        // Trials are looked at each second, and whether somebody has brought a stick.
        let deadline = min(next, now.advanced(by: trials.isEmpty ? Self.stickInterval : .seconds(1)))
        if condition.wait(with: mutex, until: deadline) { continue }
        host.releaseRetired()
        if hasStick { return true }
        if !trials.isEmpty { return false }
      }
    }
  }

  /// A whole fleet hears of a release at the same moment, and must not ask for its blocks at the same moment.
  private func spread(_ isAskedFor: Bool) {
    guard isAskedFor, settings.spread > .zero else { return }
    let delay = Duration.seconds(Double.random(in: 0..<(settings.spread / .seconds(1))))
    let deadline = MonotonicClock.now().advanced(by: delay)
    while mayGoOn, MonotonicClock.now() < deadline {
      progress.wait()
      let next = trials.isEmpty ? deadline : min(deadline, MonotonicClock.now().advanced(by: .seconds(1)))
      mutex.withLock { while !isStopped, orders.isEmpty, condition.wait(with: mutex, until: next) {} }
      progress.work()
      carryOutOrders()
      watchTrials()
    }
  }

  /// What somebody carried here comes first, then what the broker has.
  private func lookOnce() -> Bool {
    waitsForHours = false
    takeStick()
    do throws(UpdatesError) { try topics.follow(ReleaseTopics.timestamp) { [weak self] in self?.look() } } catch { log.error("updates: \(error.message)") }
    return mayGoOn && look(at: .broker(topics))
  }

  /// One look at the fleet's metadata, and what follows from it.
  ///
  /// - Returns: whether nothing is left to be tried again.
  func look(at source: ReleaseSource) -> Bool {
    do throws(UpdatesError) {
      let offer = try currentOffer(from: source)
      log.change(.notice, of: "updates", to: "updates: the fleet's metadata are current (timestamp \(check.timestamp ?? 0))")
      report()
      var isWhole = true
      for name in names where mayGoOn {
        progress.work()
        if !follow(offer, name, from: source) { isWhole = false }
      }
      return isWhole
    } catch {
      (check.code, check.reason) = (error.code.rawValue, error.message.inOneLine(limit: 400))
      log.change(.warning, of: "updates", to: "updates: \(error.message.inOneLine(limit: 400))")
      report()
      return false
    }
  }

  func working() { progress.work() }

  /// Publishes `models`.
  func report() {
    lastPublished = MonotonicClock.now()
    var models: [String: ModelsMessage.Model] = [:]
    for name in names {
      let slots = PackageStore.slots(models: modelsFolder, name: name)
      let entry = journal[name]
      models[name] = ModelsMessage.Model(
        active: entry.version(of: slots?.active), previous: entry.version(of: slots?.previous), candidate: candidates[name], last: entry.last)
    }
    publish(ModelsMessage(capturedAt: MonotonicClock.wallTime(), clock: .current(), channel: settings.channel, check: check, models: models))
  }

  /// Waits for a change that somebody tells of, an order or the end.
  func pause(until deadline: MonotonicInstant) {
    progress.wait()
    mutex.withLock { if !isStopped, orders.isEmpty { condition.wait(with: mutex, until: deadline) } }
    progress.work()
  }

  /// While blocks or frames come: not more often than this.
  func reportProgress(every interval: Duration = .seconds(1)) {
    if let lastPublished, lastPublished.duration(to: MonotonicClock.now()) < interval { return }
    report()
  }
}
