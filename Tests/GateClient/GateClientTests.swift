import CAllocationCounter
import GateClient
import GateProtocol
import Glibc
import Pipelines
import SimulatedGate
import Testing

/// The client with its thread and a device, against the firmware's logic behind a pseudo-terminal.
@Suite struct GateClientTests {
  private static func settings(_ device: String) -> GateSettings {
    var configuration = GateConfiguration(travel: 600_000)
    // A quarter of the pulse is what a busy machine may be late.
    (configuration.pulse, configuration.debounce, configuration.silence) = (400_000, 1000, 2_000_000)
    var settings = GateSettings(device: device, configuration: configuration)
    // On a machine that is busy otherwise exchanges take long.
    settings.greatestUncertainty = .milliseconds(500)
    return settings
  }

  private static func soon(_ duration: Duration = .seconds(60)) -> MonotonicInstant { MonotonicClock.now().advanced(by: duration) }

  @Test func `a part is seen, ordered, rejected and acknowledged over a real terminal`() throws {
    let gate = try #require(SimulatedGate())
    defer { gate.stop() }
    let plant = try #require(Plant(gate.plant))
    let ledger = Ledger()
    let client = try GateClient(Self.settings(gate.line)) { ledger.take($0) }
    #expect(ledger.waitUntilArmed())
    #expect(plant.wait { $0.movements.last?.isDriven == true })
    plant.tell("P")
    var part: UInt32 = 0
    let isSeen = ledger.wait {
      guard case .part(let sighting) = $0 else { return false }
      part = sighting.number
      return true
    }
    #expect(isSeen != nil)
    #expect(client.part(closestTo: MonotonicClock.now(), within: .seconds(60))?.number == part)
    let number = try #require(client.order(part: part, .reject, deadline: Self.soon()))
    #expect(ledger.wait { if case .ended(number, .acknowledged(let done)) = $0 { done.position == .reject && done.cause == .ordered } else { false } } != nil)
    #expect(plant.wait { $0.movements.map(\.isDriven) == [true, false, true] })
    #expect(client.counters.acknowledged == 1 && client.counters.overridden == 0 && client.state == .armed)
    #expect(client.clockUncertainty != nil)
    client.stop()
    client.join()
    #expect(client.order(part: 1, .reject, deadline: Self.soon()) == nil)
    #expect(client.counters.notTaken == 1)
  }

  @Test func `a device that is missing, comes, goes and comes again is waited for, and orders end meanwhile`() throws {
    let path = "/tmp/swiftlet-gate-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    defer { _ = unsafe unlink(path) }
    let ledger = Ledger()
    let client = try GateClient(Self.settings(path)) { ledger.take($0) }
    #expect(ledger.wait { $0 == .state(.away("there is no device \(path)")) } != nil)
    let first = try #require(client.order(part: 1, .reject, deadline: Self.soon()))
    #expect(ledger.wait { $0 == .ended(first, .linkLost) } != nil)
    for round in 1...2 {
      let position = ledger.count
      let gate = try #require(SimulatedGate())
      let isLinked = unsafe symlink(gate.line, path) == 0
      #expect(isLinked)
      #expect(ledger.waitUntilArmed(from: position))
      #expect(client.counters.sessions == round)
      _ = unsafe unlink(path)
      gate.stop()
      #expect(ledger.wait(from: position) { if case .state(.away) = $0 { true } else { false } } != nil)
    }
    let last = try #require(client.order(part: 1, .reject, deadline: Self.soon()))
    #expect(ledger.wait { $0 == .ended(last, .linkLost) } != nil)
    let counters = client.counters
    #expect(counters.taken == 2 && counters.linkLost == 2)
  }

  @Test func `ordering allocates nothing, whether the queue takes it or not`() throws {
    let ledger = Ledger()
    let client = try GateClient(Self.settings("/tmp/swiftlet-no-such-device")) { ledger.take($0) }
    let deadline = Self.soon()
    // The first call makes what the runtime keeps for ever.
    var taken = client.order(part: 1, .reject, deadline: deadline) == nil ? 0 : 1
    let before = allocation_count()
    // Ranges allocate in debug builds.
    var part: UInt32 = 0
    while part < 200 {
      part += 1
      if client.order(part: part, .reject, deadline: deadline) != nil { taken += 1 }
    }
    let allocations = allocation_count() - before
    #expect(!allocation_counter_works() || allocations == 0)
    #expect(taken > 0)
    client.stop()
    client.join()
    let counters = client.counters
    #expect(counters.taken == taken && counters.linkLost == taken && counters.notTaken == 201 - taken)
  }

  /// As the kernel does when a USB adapter is pulled; only root may.
  @Test func `a device that is hung up is given up, and opened again`() throws {
    let gate = try #require(SimulatedGate())
    defer { gate.stop() }
    let ledger = Ledger()
    let client = try GateClient(Self.settings(gate.line)) { ledger.take($0) }
    #expect(ledger.waitUntilArmed())
    let position = ledger.count
    let descriptor = unsafe open(gate.line, O_RDWR | O_NOCTTY)
    defer { close(descriptor) }
    guard ioctl(descriptor, UInt(TIOCVHANGUP), 0) == 0 else {
      print("SKIPPED: hanging up a terminal takes root")
      return
    }
    #expect(ledger.wait(from: position) { $0 == .state(.away("\(gate.line) has gone")) } != nil)
    #expect(ledger.waitUntilArmed(from: position))
    #expect(client.counters.sessions == 2)
  }

  @Test func `a device has one client, and must be a serial one`() throws {
    let gate = try #require(SimulatedGate())
    defer { gate.stop() }
    let (first, second, third) = (Ledger(), Ledger(), Ledger())
    let client = try GateClient(Self.settings(gate.line)) { first.take($0) }
    #expect(first.waitUntilArmed())
    let other = try GateClient(Self.settings(gate.line)) { second.take($0) }
    #expect(second.wait { $0 == .state(.away("\(gate.line) is used by another program")) } != nil)
    let wrong = try GateClient(Self.settings("/dev/null")) { third.take($0) }
    #expect(third.wait { $0 == .state(.away("/dev/null is no serial device")) } != nil)
    #expect(client.state == .armed)
    withExtendedLifetime((other, wrong)) {}
  }

  @Test func `what a full queue doesn't take is said at once and counted, and everything else ends`() throws {
    let gate = try #require(SimulatedGate())
    defer { gate.stop() }
    var settings = Self.settings(gate.line)
    settings.queueCapacity = 4
    let ledger = Ledger()
    let (holds, entered) = (PthreadFlag(), PthreadFlag())
    let client = try GateClient(settings) { report in
      ledger.take(report)
      // A listener that takes its time holds up the client's thread, but no caller.
      if case .ended = report {
        entered.raise()
        holds.wait()
      }
    }
    #expect(ledger.waitUntilArmed())
    let first = try #require(client.order(part: 77, .reject, deadline: Self.soon()))
    entered.wait()
    var taken = [first]
    for _ in 0..<10 { if let number = client.order(part: 77, .reject, deadline: Self.soon()) { taken.append(number) } }
    #expect(taken.count == 5 && client.counters.notTaken == 6)
    holds.raise()
    for number in taken { #expect(ledger.wait { $0 == .ended(number, .refused(.unknownPart)) } != nil) }
    client.stop()
    client.join()
    let counters = client.counters
    #expect(counters.taken == 5 && counters.refused == 5)
  }

  @Test func `settings that can't be are refused with the reason`() {
    func message(_ change: (inout GateSettings) -> Void) -> String? {
      var settings = Self.settings("/dev/null")
      change(&settings)
      do throws(GateClientError) {
        _ = try GateClient(settings) { _ in }
        return nil
      } catch { return error.message }
    }
    #expect(message { $0.device = "" }?.contains("serial device") == true)
    #expect(message { $0.configuration.pulse = 1 }?.contains("1 ms to 10 s") == true)
    #expect(message { $0.configuration.silence = 0 }?.contains("50 ms") == true)
    #expect(message { $0.queueCapacity = 0 }?.contains("queue") == true)
    #expect(message { $0.greatestUncertainty = .zero }?.contains("uncertainty") == true)
    #expect(message { _ in } == nil)
  }
}

/// Raised once, waited for by others.
private final class PthreadFlag: Sendable {
  private let queue = BoundedQueue<Bool>(capacity: 1, policy: .rejectNewest)
  func raise() { queue.close() }
  func wait() { _ = queue.pop() }
}
