import GateProtocol
import Pipelines

/// The agent's half of the protocol, without a device: bytes, orders and the time come in; bytes and reports go out. Used by one thread.
struct GateDialogue {
  enum Phase: Sendable {
    /// There is no line.
    case apart
    case meeting
    case configuring
    case armed
  }

  /// Orders in the controller's hands at most; it can follow no more.
  static let greatestPending = 256
  /// Between two hellos, and two configurations, without an answer.
  static let helloPause = Duration.milliseconds(200)
  /// Events that are missing are asked for once in this time.
  static let eventPause = Duration.milliseconds(30)
  /// Exchanges of moments: quickly at first, then now and then.
  static let firstExchanges = 8, firstExchangePause = Duration.milliseconds(25), exchangePause = Duration.seconds(1)

  let configuration: GateConfiguration
  let greatestUncertainty: Duration

  var phase = Phase.apart
  var outgoing: [UInt8] = []
  var reports: [GateReport] = []
  var counters = GateCounters()
  var clock = ClockEstimate()
  var pending: [OrderNumber: PendingOrder] = [:]
  var state = GateLinkState.away("not opened yet")

  var reader = FrameReader()
  var nonce: UInt32 = 0
  var session: UInt32 = 0
  var sentSequence: UInt32 = 0
  var lastSequence: UInt32 = 0
  var boot: UInt32?
  var expectedEvent: UInt32 = 1

  var lastHeard = MonotonicInstant(nanoseconds: 0)
  var nextHello = MonotonicInstant(nanoseconds: 0)
  var nextHeartbeat = MonotonicInstant(nanoseconds: 0)
  var nextExchange = MonotonicInstant(nanoseconds: 0)
  var exchangesLeft = 0
  var mayAskAt = MonotonicInstant(nanoseconds: 0)
  private var random: SeededRandom

  /// - Parameter seed: for the numbers that sessions and orders begin with; another one in every process.
  init(configuration: GateConfiguration, greatestUncertainty: Duration, seed: UInt64) {
    self.configuration = configuration
    self.greatestUncertainty = greatestUncertainty
    random = SeededRandom(seed: seed)
  }

  /// Whether there is, or was on this line, a controller.
  var hasMet: Bool { phase == .armed }
  var silence: Duration { .microseconds(Int64(configuration.silence)) }
  private var heartbeatPause: Duration { max(.milliseconds(20), min(.milliseconds(250), silence / 4)) }

  /// A device was opened.
  mutating func lineOpened(at now: MonotonicInstant) {
    reader.reset()
    outgoing.removeAll(keepingCapacity: true)
    meet(at: now)
  }

  /// The device is gone, or couldn't be opened.
  mutating func lineClosed(_ reason: String) {
    phase = .apart
    loseOrders()
    show(.away(reason))
  }

  /// Does what is due.
  mutating func advance(to now: MonotonicInstant) {
    if phase == .configuring || phase == .armed, lastHeard.advanced(by: silence) < now { meet(at: now) }
    switch phase {
    case .apart: break
    case .meeting:
      guard now >= nextHello else { return }
      nextHello = now.advanced(by: Self.helloPause)
      send(.hello(Hello(nonce: nonce)))
    case .configuring:
      guard now >= nextHello else { return }
      nextHello = now.advanced(by: Self.helloPause)
      send(.configure(configuration))
    case .armed:
      if now >= nextHeartbeat { sendHeartbeat(wantsEvents: false, at: now) }
      if now >= nextExchange {
        exchangesLeft = max(0, exchangesLeft - 1)
        nextExchange = now.advanced(by: exchangesLeft > 0 ? Self.firstExchangePause : Self.exchangePause)
        send(.timeRequest(TimeRequest(sentAt: now.nanoseconds)))
      }
      repeatOrders(at: now)
    }
  }

  /// When `advance` has something to do, if nothing comes before.
  var wakesAt: MonotonicInstant {
    switch phase {
    case .apart: MonotonicInstant(nanoseconds: .max)
    case .meeting: nextHello
    case .configuring: min(nextHello, lastHeard.advanced(by: silence))
    case .armed:
      pending.values.lazy.filter { !$0.isAccepted }.map(\.sendAgainAt).reduce(
        min(nextHeartbeat, nextExchange, lastHeard.advanced(by: silence)), min)
    }
  }

  /// Begins a session: whatever was under way is lost.
  mutating func meet(at now: MonotonicInstant) {
    phase = .meeting
    session = 0
    nonce = UInt32(truncatingIfNeeded: random.next())
    nextHello = now
    loseOrders()
    show(.meeting)
  }

  mutating func sendHeartbeat(wantsEvents: Bool, at now: MonotonicInstant) {
    nextHeartbeat = now.advanced(by: heartbeatPause)
    send(.agentHeartbeat(AgentHeartbeat(nextEvent: expectedEvent, wantsEvents: wantsEvents)))
  }

  mutating func send(_ message: GateMessage) {
    sentSequence &+= 1
    let frame = GateFrame(session: session, sequence: sentSequence, message: message).onTheWire
    for index in 0..<frame.count { outgoing.append(frame[index]) }
  }

  mutating func show(_ new: GateLinkState) {
    guard new != state else { return }
    state = new
    reports.append(.state(new))
  }
}
