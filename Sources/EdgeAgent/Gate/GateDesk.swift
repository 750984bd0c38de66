import GateClient
import GateProtocol
import Inspection
import Pipelines
import Supervision

/// Makes orders for a gate of a pipeline's verdicts: finds the sensor's part for each, gives the order, and tells what went otherwise than it should.
///
/// Verdicts come on the pipeline's thread, which waits for a short lock at most and allocates nothing; what is told goes through a bounded queue to a
/// thread of its own. A part for which nothing is ordered gets the gate's `unjudged` verdict. Where that is to reject, it is ordered for a part that couldn't be
/// judged, too, so that it outweighs a pass which another verdict brought the same part of the sensor. A reject that finds no part of its own is ordered by
/// moment; one that may mean several, for all of them.
final class GateDesk: @unchecked Sendable {
  /// What the desk itself counts.
  struct Counters: Equatable, Sendable {
    /// Verdicts for which an order was given.
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
  /// An edge is told so long after it at the latest, unless the line is disturbed.
  static let eventLatency = Duration.milliseconds(100)
  /// A controller that hasn't answered for so long is told as one that doesn't.
  static let meetingTime = Duration.seconds(3)

  struct Verdict {
    let part: UInt64
    let kind: PartOutcome.Verdict
    let edge: MonotonicInstant

    /// What is ordered for it.
    var isReject: Bool { kind != .pass }
  }

  struct Order {
    let number: OrderNumber
    let verdict: Verdict
    /// The sensor's; nil of an order by moment.
    let part: PartSighting?
  }

  let gate: NamedGate
  let pipeline: String
  private let tell: @Sendable (GateNotice) -> Void
  let notices = BoundedQueue<GateNotice>(capacity: noticeLimit, policy: .rejectNewest)
  private let ledger: ProgressLedger
  private let progress: StageProgress
  let mutex = PthreadMutex()
  private let condition = PthreadCondition()
  // Under the mutex.
  var client: GateClient?
  var pending: [Verdict] = []
  var orders: [Order] = []
  var current = Counters()
  /// Room for the parts of which one can't tell which is meant.
  var candidates: [PartSighting] = []
  /// Since when it is being met, where that isn't told yet.
  var meetingSince: MonotonicInstant?
  var isArmed = false
  private var isStopped = false
  private var thread: DataPlaneThread?
  private var placing: DataPlaneThread?

  /// - Parameter tell: called on the desk's own thread; may wait for the disk.
  init(_ gate: NamedGate, pipeline: String, ledger: ProgressLedger, tell: @escaping @Sendable (GateNotice) -> Void) {
    (self.gate, self.pipeline, self.ledger, self.tell) = (gate, pipeline, ledger, tell)
    // Waiting for parts, or for a device, is no hang: only what is being told can hang.
    progress = ledger.stage("gate \(gate.name)")
    pending.reserveCapacity(Self.pendingLimit)
    orders.reserveCapacity(Self.orderLimit)
    candidates.reserveCapacity(64)
  }

  /// Begins to look for the controller, for ever.
  func start() throws(EdgeAgentError) {
    do throws(PipelinesError) {
      thread = try DataPlaneThread(name: "gate-\(gate.name)") { [weak self] in self?.tellAll() }
      placing = try DataPlaneThread(name: "gate-place") { [weak self] in self?.placeInTime() }
    } catch {
      notices.close()
      throw EdgeAgentError(.resources, error.message)
    }
    do throws(GateClientError) {
      let client = try GateClient(gate.settings) { [weak self] in self?.take($0) }
      mutex.withLock { self.client = client }
    } catch {
      endPlacing()
      notices.close()
      throw EdgeAgentError(error.code == .badSetting ? .configuration : .resources, "gate \(gate.name): \(error.message)")
    }
  }

  /// Ends the client, and tells what is left, verdicts that still wait for their part included. Waits for all of it.
  func stop() {
    endPlacing()
    let client = mutex.withLock { () -> GateClient? in
      while let verdict = pending.first {
        pending.removeFirst()
        giveUp(verdict.part, verdict.kind, .stopped)
      }
      return self.client
    }
    client?.stop()
    client?.join()
    notices.close()
    thread?.join()
    ledger.remove(progress)
  }

  private func endPlacing() {
    mutex.withLock { isStopped = true }
    condition.broadcast()
    placing?.join()
  }

  var counters: Counters { mutex.withLock { current } }
  var link: (state: GateLinkState, counters: GateCounters) {
    mutex.withLock { client }.map { ($0.state, $0.counters) } ?? (.away("not opened yet"), GateCounters())
  }

  // MARK: - The pipeline's thread

  /// Takes what was decided about a part.
  func judge(_ outcome: PartOutcome) {
    // Without a moment there is nothing to order; the part gets this verdict without.
    if outcome.verdict == .unjudged, outcome.moment == nil || gate.settings.configuration.unjudged == .pass { return }
    mutex.lock()
    defer { mutex.unlock() }
    guard !isStopped else { return giveUp(outcome.number, outcome.verdict, .stopped) }
    guard let moment = outcome.moment else { return giveUp(outcome.number, outcome.verdict, .unknownMoment) }
    guard pending.count < Self.pendingLimit else { return giveUp(outcome.number, outcome.verdict, .queueFull) }
    pending.append(Verdict(part: outcome.number, kind: outcome.verdict, edge: moment.advanced(by: .zero - gate.offset)))
    place(at: MonotonicClock.now())
    if !pending.isEmpty { condition.signal() }
  }

  func giveUp(_ part: UInt64, _ verdict: PartOutcome.Verdict, _ obstacle: GateNotice.Obstacle, sensor: GateNotice.SensorView? = nil) {
    current.unplaced += 1
    notices.push(.unplaced(part: part, verdict, obstacle, sensor: sensor))
  }

  // MARK: - The desk's threads

  /// A reject that finds no part must go out in time, whatever else happens, and though nothing does.
  private func placeInTime() {
    mutex.lock()
    defer { mutex.unlock() }
    while !isStopped {
      let now = MonotonicClock.now()
      place(at: now)
      condition.wait(with: mutex, until: nextDue(after: now))
    }
  }

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
