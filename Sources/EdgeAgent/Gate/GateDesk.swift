import GateClient
import GateProtocol
import Inspection
import Pipelines
import Supervision

/// Makes orders for a gate of a pipeline's verdicts: finds the sensor's part for each, gives the order, and tells what went otherwise than it should.
///
/// Verdicts come on the pipeline's thread, which waits for a short lock at most and allocates nothing; what is told goes through a bounded queue to a
/// thread of its own. A part for which nothing is ordered gets the gate's `unjudged` verdict; so nothing is ordered for a part that couldn't be judged.
final class GateDesk: @unchecked Sendable {
  /// What the desk itself counts.
  struct Counters: Equatable, Sendable {
    var passes: UInt64 = 0
    var rejects: UInt64 = 0
    /// Verdicts for which no order was given.
    var unplaced: UInt64 = 0
    /// Orders that ended otherwise than was ordered.
    var failed: UInt64 = 0
  }

  /// Verdicts that wait for their part, orders under way, notices that wait: at most.
  static let pendingLimit = 64, orderLimit = 320, noticeLimit = 256
  /// With an encoder nobody knows when a part will be at the gate; its edge should be known after this.
  static let patience = Duration.seconds(2)
  /// A controller that hasn't answered for so long is told as one that doesn't.
  static let meetingTime = Duration.seconds(3)

  private struct Verdict {
    let part: UInt64
    let isReject: Bool
    let edge: MonotonicInstant

    var verdict: PartOutcome.Verdict { isReject ? .reject : .pass }
  }

  private struct Order {
    let number: OrderNumber
    let verdict: Verdict
  }

  let gate: NamedGate
  let pipeline: String
  private let tell: @Sendable (GateNotice) -> Void
  private let notices = BoundedQueue<GateNotice>(capacity: noticeLimit, policy: .rejectNewest)
  private let ledger: ProgressLedger
  private let progress: StageProgress
  private let mutex = PthreadMutex()
  // Under the mutex.
  private var client: GateClient?
  private var pending: [Verdict] = []
  private var orders: [Order] = []
  private var current = Counters()
  /// Since when it is being met, where that isn't told yet.
  private var meetingSince: MonotonicInstant?
  private var isArmed = false
  private var thread: DataPlaneThread?

  /// - Parameter tell: called on the desk's own thread; may wait for the disk.
  init(_ gate: NamedGate, pipeline: String, ledger: ProgressLedger, tell: @escaping @Sendable (GateNotice) -> Void) {
    (self.gate, self.pipeline, self.ledger, self.tell) = (gate, pipeline, ledger, tell)
    // Waiting for parts, or for a device, is no hang: only what is being told can hang.
    progress = ledger.stage("gate \(gate.name)")
    pending.reserveCapacity(Self.pendingLimit)
    orders.reserveCapacity(Self.orderLimit)
  }

  /// Begins to look for the controller, for ever.
  func start() throws(EdgeAgentError) {
    do throws(PipelinesError) { thread = try DataPlaneThread(name: "gate-\(gate.name)") { [weak self] in self?.tellAll() } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
    do throws(GateClientError) {
      let client = try GateClient(gate.settings) { [weak self] in self?.take($0) }
      mutex.withLock { self.client = client }
    } catch {
      notices.close()
      throw EdgeAgentError(error.code == .badSetting ? .configuration : .resources, "gate \(gate.name): \(error.message)")
    }
  }

  /// Ends the client, and tells what is left. Waits for both.
  func stop() {
    let client = mutex.withLock { self.client }
    client?.stop()
    client?.join()
    notices.close()
    thread?.join()
    ledger.remove(progress)
  }

  var counters: Counters { mutex.withLock { current } }
  var link: (state: GateLinkState, counters: GateCounters) {
    mutex.withLock { client }.map { ($0.state, $0.counters) } ?? (.away("not opened yet"), GateCounters())
  }

  // MARK: - The pipeline's thread

  /// Takes what was decided about a part.
  func judge(_ outcome: PartOutcome) {
    guard outcome.verdict != .unjudged else { return }
    let isReject = outcome.verdict == .reject
    mutex.lock()
    defer { mutex.unlock() }
    guard let moment = outcome.moment else { return giveUp(outcome.number, isReject, .unknownMoment) }
    guard pending.count < Self.pendingLimit else { return giveUp(outcome.number, isReject, .queueFull) }
    pending.append(Verdict(part: outcome.number, isReject: isReject, edge: moment.advanced(by: .zero - gate.offset)))
    place(at: MonotonicClock.now())
  }

  private func giveUp(_ part: UInt64, _ isReject: Bool, _ obstacle: GateNotice.Obstacle) {
    current.unplaced += 1
    notices.push(.unplaced(part: part, isReject ? .reject : .pass, obstacle))
  }

  /// When a part is at the gate at the earliest.
  private func deadline(_ edge: MonotonicInstant) -> MonotonicInstant {
    let configuration = gate.settings.configuration
    return edge.advanced(by: configuration.unit == .microseconds ? .microseconds(Int64(configuration.travel)) : Self.patience)
  }

  /// Gives the orders of those whose part has passed the sensor; under the mutex.
  private func place(at now: MonotonicInstant) {
    guard let client else { return }
    var at = 0
    while at < pending.count {
      let verdict = pending[at]
      if let part = client.part(closestTo: verdict.edge, within: gate.tolerance) {
        order(part.number, verdict, client)
      } else if deadline(verdict.edge) < now {
        giveUp(verdict.part, verdict.isReject, .noSuchPart)
      } else {
        at += 1
        continue
      }
      pending.remove(at: at)
    }
  }

  private func order(_ part: UInt32, _ verdict: Verdict, _ client: GateClient) {
    // By encoder a part may take any time: the controller says what is late.
    let isTimed = gate.settings.configuration.unit == .microseconds
    let deadline = isTimed ? deadline(verdict.edge) : verdict.edge.advanced(by: .seconds(3600))
    guard orders.count < Self.orderLimit, let number = client.order(part: part, verdict.isReject ? .reject : .pass, deadline: deadline) else {
      return giveUp(verdict.part, verdict.isReject, .queueFull)
    }
    orders.append(Order(number: number, verdict: verdict))
    if verdict.isReject { current.rejects += 1 } else { current.passes += 1 }
  }

  /// Looks whether verdicts, or the controller's answer, have been waited for too long, as nothing else may happen.
  func sweep(at now: MonotonicInstant = MonotonicClock.now()) {
    mutex.withLock {
      place(at: now)
      guard let since = meetingSince, since.advanced(by: Self.meetingTime) <= now else { return }
      meetingSince = nil
      notices.push(.link(.meeting))
    }
  }

  // MARK: - The client's thread

  private func take(_ report: GateReport) {
    switch report {
    case .state(let state): show(state)
    case .part: sweep()
    case .accepted: break
    case .ended(let number, let ending): end(number, ending)
    case .unjudged(let execution): notices.push(.unjudged(execution))
    case .belated(_, let execution): notices.push(.belated(execution))
    case .fault(let fault, time: _): notices.push(.fault(fault))
    case .missedEvents(let count): notices.push(.missedEvents(count))
    case .restarted(let cause): notices.push(.restarted(byWatchdog: cause == .watchdog))
    }
  }

  /// Meeting is soon over where all is well; it is told where it ends something, or lasts.
  private func show(_ state: GateLinkState) {
    mutex.withLock {
      let isWorth = state != .meeting || isArmed
      meetingSince = isWorth ? nil : MonotonicClock.now()
      isArmed = state == .armed
      if isWorth { notices.push(.link(state)) }
    }
  }

  private func end(_ number: OrderNumber, _ ending: OrderEnding) {
    mutex.withLock {
      guard let at = orders.firstIndex(where: { $0.number == number }) else { return }
      let verdict = orders.remove(at: at).verdict
      if case .acknowledged(let execution) = ending, execution.position == (verdict.isReject ? .reject : .pass) { return }
      current.failed += 1
      notices.push(.failed(part: verdict.part, verdict.verdict, ending))
    }
  }

  // MARK: - The desk's thread

  private func tellAll() {
    var untold: UInt64 = 0
    while let notice = notices.pop() {
      progress.work()
      tell(notice)
      if notices.dropCount > untold {
        tell(.untold(notices.dropCount - untold))
        untold = notices.dropCount
      }
      progress.wait()
    }
  }
}
