import CSerialLine
import Glibc
import GateProtocol
import Pipelines

/// What the client's thread does, and what it shares with others.
@safe final class GateWork: @unchecked Sendable {
  /// What others may look at.
  struct Shown {
    var state = GateLinkState.away("not opened yet")
    var counters = GateCounters()
    var clock = ClockEstimate()
  }

  /// A device that takes nothing for so long that this many bytes wait is given up.
  static let greatestBacklog = 8192
  static let firstPause = Duration.milliseconds(100), lastPause = Duration.seconds(2)

  private let settings: GateSettings
  private let wake: Int32
  private let report: @Sendable (GateReport) -> Void
  private let queue: BoundedQueue<GateOrder>
  private let mutex = PthreadMutex()
  private var snapshot = Shown()
  private var parts = RecentParts()
  private var nextNumber: OrderNumber
  private var notTaken = 0
  private var isStopped = false
  /// Only the thread's.
  private var dialogue: GateDialogue

  init(_ settings: GateSettings, wake: Int32, report: @escaping @Sendable (GateReport) -> Void) {
    self.settings = settings
    self.wake = wake
    self.report = report
    queue = BoundedQueue(capacity: settings.queueCapacity, policy: .rejectNewest)
    var generator = SystemRandomNumberGenerator()
    nextNumber = UInt32.random(in: 1...(.max), using: &generator)
    dialogue = GateDialogue(
      configuration: settings.configuration, greatestUncertainty: settings.greatestUncertainty, seed: UInt64.random(in: 0...(.max), using: &generator))
  }

  deinit { swl_serial_close(wake) }

  var shown: Shown {
    mutex.withLock {
      var shown = snapshot
      shown.counters.notTaken = notTaken
      return shown
    }
  }

  func take(_ target: GateOrder.Target, deadline: MonotonicInstant) -> OrderNumber? {
    mutex.lock()
    // 0 means no order.
    nextNumber = nextNumber == .max ? 1 : nextNumber + 1
    let number = nextNumber
    let isTaken = !isStopped && queue.push(GateOrder(number: number, target: target, deadline: deadline))
    if !isTaken { notTaken += 1 }
    mutex.unlock()
    guard isTaken else { return nil }
    swl_serial_wake(wake)
    return number
  }

  func part(closestTo moment: MonotonicInstant, within tolerance: Duration) -> PartSighting? {
    mutex.withLock { parts.only(closestTo: moment, within: tolerance) }
  }

  func closestPart(to moment: MonotonicInstant) -> PartSighting? { mutex.withLock { parts.closest(to: moment) } }

  func parts(near moment: MonotonicInstant, within tolerance: Duration, into found: inout [PartSighting]) {
    mutex.withLock { parts.all(near: moment, within: tolerance, into: &found) }
  }

  func stop() {
    mutex.withLock { isStopped = true }
    swl_serial_wake(wake)
  }

  private var mustStop: Bool { mutex.withLock { isStopped } }

  func run() {
    var pause = Self.firstPause
    while !mustStop {
      do throws(SerialLine.Failure) {
        let line = try SerialLine(device: settings.device, baudRate: settings.baudRate)
        dialogue.lineOpened(at: MonotonicClock.now())
        let reason = serve(line)
        if dialogue.hasMet { pause = Self.firstPause }
        dialogue.lineClosed(reason)
      } catch {
        dialogue.lineClosed(explain(error.number))
      }
      let until = MonotonicClock.now().advanced(by: pause)
      pause = min(pause * 2, Self.lastPause)
      // Orders that come meanwhile end at once.
      while !mustStop, MonotonicClock.now() < until {
        passOn()
        _ = swl_serial_wait(-1, 0, wake, MonotonicClock.now().duration(to: until).wholeNanoseconds)
      }
    }
    dialogue.lineClosed("stopped")
    passOn()
  }

  /// Speaks over an open line.
  /// - Returns: why it doesn't any more.
  private func serve(_ line: borrowing SerialLine) -> String {
    var buffer = [UInt8](repeating: 0, count: 1024)
    while !mustStop {
      dialogue.advance(to: MonotonicClock.now())
      passOn()
      if !dialogue.outgoing.isEmpty {
        guard let count = line.write(dialogue.outgoing) else { return "\(settings.device) has gone" }
        dialogue.outgoing.removeFirst(count)
        guard dialogue.outgoing.count <= Self.greatestBacklog else { return "\(settings.device) takes no bytes" }
      }
      let event = line.wait(wantsToWrite: !dialogue.outgoing.isEmpty, wake: wake, until: dialogue.wakesAt)
      switch event {
      case .gone: return "\(settings.device) has gone"
      case .nothing: break
      case .readable, .readableAtLast:
        // A device that was hung up is readable for ever, and gives nothing.
        guard let count = line.read(into: &buffer), count > 0 || event == .readable else { return "\(settings.device) has gone" }
        dialogue.receive(buffer[..<count], at: MonotonicClock.now())
      }
    }
    return "stopped"
  }

  /// Orders to the dialogue, its reports to whoever listens.
  private func passOn() {
    while let order = queue.pop(timeout: .zero) { dialogue.submit(order, at: MonotonicClock.now()) }
    mutex.withLock {
      snapshot = Shown(state: dialogue.state, counters: dialogue.counters, clock: dialogue.clock)
      for report in dialogue.reports {
        switch report {
        case .part(let part): parts.append(part)
        // Its numbers and its clock were others.
        case .restarted: parts.removeAll()
        default: break
        }
      }
    }
    for one in dialogue.reports { report(one) }
    dialogue.reports.removeAll(keepingCapacity: true)
  }

  private func explain(_ number: Int32) -> String {
    let device = settings.device
    return switch number {
    case ENOENT, ENODEV, ENXIO: "there is no device \(device)"
    case EACCES, EPERM: "\(device) may not be opened; add this user to the group ‘dialout’"
    case EBUSY: "\(device) is used by another program"
    case ENOTTY: "\(device) is no serial device"
    case EINVAL: "\(device) can’t be set to \(settings.baudRate) baud"
    default: unsafe "\(device) can’t be opened: \(String(cString: strerror(number)))"
    }
  }
}
