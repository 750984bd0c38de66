import Pipelines
import YAMLReading

/// What became of a new configuration.
enum ReloadOutcome: Sendable, Equatable {
  case applied
  /// Exactly this runs already; it wasn't touched.
  case unchanged
  /// It isn't valid; the running one didn't notice.
  case refused(String)
  /// It could not run after all; the one before goes on.
  case failed(String)
}

/// Lets one thread wait for what becomes of a configuration that another one runs.
final class ReloadTicket: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var outcome: ReloadOutcome?

  /// The first call counts.
  func finish(_ outcome: ReloadOutcome) {
    mutex.withLock { if self.outcome == nil { self.outcome = outcome } }
    changed.broadcast()
  }

  func wait() -> ReloadOutcome {
    mutex.lock()
    defer { mutex.unlock() }
    while true {
      if let outcome { return outcome }
      changed.wait(with: mutex)
    }
  }
}

extension Agent {
  /// Mistakes that an answer names; the log has all.
  private static let shownMistakes = 3

  /// Reads the configuration anew, by `AgentOptions.readConfiguration`, and replaces the running one by it, also by the same; says in the log
  /// what came of it. A bad one never replaces a good one.
  public func reload() {
    guard !isAskedToStop else { return }
    do throws(EdgeAgentError) {
      _ = try reread(isForced: true) { _ in }
      if !isAskedToStop { log.event(.notice, "applying the new configuration") }
    } catch {
      guard !isAskedToStop else { return }
      log.event(.error, "the configuration stays as it was; mend what is wrong and send SIGHUP again: \(error.message)")
    }
  }

  /// - Parameter isForced: whether what runs already begins anew all the same.
  /// - Returns: nil where it runs already.
  /// - Throws: what is wrong with it.
  private func reread(isForced: Bool, _ willApply: (AgentConfiguration) -> Void) throws(EdgeAgentError) -> ReloadTicket? {
    // Before the first one runs, or between two, the service manager isn't told: `ready()` would be said too early.
    let isAnnounced = started != nil
    if isAnnounced { announce { $0.reloading() } }
    guard !isAskedToStop else { throw EdgeAgentError(.configuration, "the agent is ending") }
    var isReplaced = false
    // What takes its place says so itself, once it runs.
    defer { if isAnnounced, !isReplaced { announce { $0.ready() } } }
    guard let read = options.readConfiguration else { throw EdgeAgentError(.configuration, "this program reads no configuration file") }
    let number = drawNumber()
    let reading = read()
    for warning in reading.warnings { log.warning(warning.description) }
    for mistake in reading.mistakes { log.error(mistake.description) }
    guard let configuration = reading.configuration else {
      let shown = reading.mistakes.prefix(Self.shownMistakes).map(\.description)
      let rest = reading.mistakes.count - shown.count
      throw EdgeAgentError(.configuration, shown.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : ""))
    }
    guard isForced || !isRunning(configuration) else { return nil }
    // Whoever asks knows what stands in the status.
    options.devices.trustAgain()
    let ticket = try replace(by: configuration, drawn: number, willApply)
    isReplaced = true
    return ticket
  }
}

/// Reloads on a thread of its own, one after the other: reading a configuration and loading its models takes as long as a disk does, and whoever asks
/// (the thread that takes signals) has to be there for others. What is asked during a reload is one more after it, however often.
final class ReloadRequests: Sendable {
  private let requests = BoundedQueue<Int>(capacity: 1, policy: .rejectNewest)

  /// - Parameter reload: called on the thread for each.
  init(_ reload: @escaping @Sendable () -> Void) throws(PipelinesError) {
    _ = try DataPlaneThread(name: "reload") { [requests] in while requests.pop() != nil { reload() } }
  }

  deinit { close() }

  /// What is asked from now on is passed over; what was asked before still comes. Returns at once.
  func close() { requests.close() }

  /// Returns at once.
  func ask() { requests.push(0) }
}

extension Agent: CommandObeying {
  func reload(willApply: (AgentConfiguration) -> Void) -> ReloadOutcome {
    do throws(EdgeAgentError) { return try reread(isForced: false, willApply)?.wait() ?? .unchanged } catch { return .refused(error.message) }
  }
}
