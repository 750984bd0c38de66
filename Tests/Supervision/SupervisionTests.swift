import Foundation
import Pipelines
import Supervision
import TestBroker
import Testing

private struct Broken: Error {}

/// Counts and tells; an actor, as services run side by side.
private actor Journal {
  private(set) var entries: [String] = []
  func note(_ entry: String) { entries.append(entry) }
}

private struct Step: Service {
  let name: String
  let body: @Sendable () async throws -> Void
  func run() async throws { try await body() }
}

/// A service that waits until its task is cancelled.
private func waiting(_ name: String, _ journal: Journal) -> Step {
  Step(name: name) {
    try? await Task.sleep(for: .seconds(600))
    await journal.note("\(name) ended")
  }
}

private func seconds(_ value: Double) -> MonotonicInstant { MonotonicInstant(nanoseconds: UInt64(value * 1e9)) }

@Suite struct SupervisionTests {
  @Test func `restarts are limited within the window and forgotten after it`() {
    var history = RestartHistory(limit: RestartLimit(count: 2, window: .seconds(10)))
    let verdicts = [0.0, 1, 2, 11, 11.5, 12, 40].map { history.permitsRestart(afterFailureAt: seconds($0)) }
    #expect(verdicts == [true, true, false, true, true, false, true])
  }

  @Test func `a failing service is run again, and ends well if it then does`() async throws {
    let journal = Journal()
    let flaky = Step(name: "flaky") {
      await journal.note("run")
      if await journal.entries.count < 3 { throw Broken() }
    }
    try await ServiceGroup([flaky]).run()
    #expect(await journal.entries == ["run", "run", "run"])
  }

  @Test func `beyond the limit the others are cancelled and the group fails`() async {
    let journal = Journal()
    let hopeless = Step(name: "hopeless") { throw Broken() }
    let group = ServiceGroup([hopeless, waiting("other", journal)], limit: RestartLimit(count: 3, window: .seconds(60)))
    let error = await #expect(throws: SupervisionError.self) { try await group.run() }
    #expect(error?.code == .restartLimit)
    #expect(error?.message.contains("hopeless failed more than 3 times") == true)
    #expect(await journal.entries == ["other ended"])
  }

  @Test func `cancelling ends the services without a failure`() async throws {
    let journal = Journal()
    let task = Task { try await ServiceGroup([waiting("a", journal), waiting("b", journal)]).run() }
    task.cancel()
    try await task.value
    #expect(await journal.entries.count == 2)
  }

  @Test func `work that nothing watches keeps the watchdog fed while it lasts, but not for ever`() throws {
    let told = Recorder<String>()
    let notifier = SystemdNotifier(watchdogTimeout: .milliseconds(3)) { told.append($0) }
    let result = notifier.sustaining {
      #expect(told.wait { $0.count >= 3 })
      return 7
    }
    let count = told.all.count
    #expect(result == 7 && told.all.allSatisfy { $0 == "WATCHDOG=1" })
    #expect(throws: Broken.self) { try notifier.sustaining(limit: .zero) { throw Broken() } }
    // Its thread is gone, and with a limit that is over another one said nothing.
    #expect(told.all.count == count)
    let unwatched = SystemdNotifier { told.append($0) }
    #expect(unwatched.sustaining { 1 } == 1 && told.all.count == count)
  }

  @Test func `a working stage without progress is stuck, a waiting one never`() {
    let ledger = ProgressLedger()
    let working = ledger.stage("inference")
    let idle = ledger.stage("capture")
    working.work(at: seconds(100))
    idle.work(at: seconds(100))
    idle.wait()
    #expect(ledger.stuckStages(at: seconds(109), limit: .seconds(10)) == [])
    #expect(ledger.stuckStages(at: seconds(111), limit: .seconds(10)) == ["inference"])
    working.work(at: seconds(111))
    #expect(ledger.stuckStages(at: seconds(112), limit: .seconds(10)) == [])
    ledger.remove(working)
    #expect(ledger.stuckStages(at: seconds(500), limit: .seconds(10)) == [])
  }

  @Test(arguments: ["", "@"])
  func `notifications reach the service manager's socket`(prefix: String) throws {
    let name = prefix.isEmpty ? "/tmp/swiftlet-\(UUID().uuidString)" : "@swiftlet-\(UUID().uuidString)"
    let receiver = try NotifySocket(name)
    let notifier = SystemdNotifier(environment: { ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"][$0] }, processIdentifier: 7)
    notifier.ready()
    notifier.alive()
    notifier.status("two\nlines")
    notifier.stopping()
    let received = (0..<4).map { _ in receiver.receive() }
    #expect(received == ["READY=1", "WATCHDOG=1", "STATUS=two lines", "STOPPING=1"])
    #expect(notifier.watchdogTimeout == .seconds(30))
  }

  @Test func `a reload is announced with the moment it begins, and a stage's limit follows the manager's`() throws {
    let name = "@swiftlet-\(UUID().uuidString)"
    let receiver = try NotifySocket(name)
    let notifier = SystemdNotifier(environment: { ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"][$0] })
    let before = MonotonicClock.now().nanoseconds / 1000
    notifier.reloading()
    let parts = receiver.receive()?.split(separator: "\n") ?? []
    let moment = parts.last?.split(separator: "=").last.flatMap { UInt64($0) }
    #expect(parts.first == "RELOADING=1" && moment.map { $0 >= before && $0 <= MonotonicClock.now().nanoseconds / 1000 } == true)
    #expect(Watchdog(ledger: ProgressLedger(), notifier: notifier).limit == .seconds(40))
    #expect(Watchdog(ledger: ProgressLedger(), notifier: SystemdNotifier { _ in nil }).limit == .seconds(20))
  }

  @Test func `another process's watchdog is not fed, and outside systemd nothing happens`() {
    let variables = ["WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "8"]
    #expect(SystemdNotifier(environment: { variables[$0] }, processIdentifier: 7).watchdogTimeout == nil)
    #expect(SystemdNotifier(environment: { variables[$0] }, processIdentifier: 8).watchdogTimeout == .seconds(1))
    SystemdNotifier(environment: { _ in nil }).ready()
  }

  @Test func `the watchdog is fed while all progress and starves while a stage is stuck`() async throws {
    let name = "@swiftlet-\(UUID().uuidString)"
    let receiver = try NotifySocket(name)
    let notifier = SystemdNotifier(environment: { ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000"][$0] })
    let ledger = ProgressLedger()
    let stage = ledger.stage("inference")
    let (reports, continuation) = AsyncStream.makeStream(of: [String].self)
    let watchdog = Watchdog(ledger: ledger, notifier: notifier, limit: .zero) { continuation.yield($0) }
    let task = Task { try await watchdog.run() }
    var iterator = reports.makeAsyncIterator()
    #expect(receiver.receive() == "WATCHDOG=1")
    stage.work()
    #expect(await iterator.next() == ["inference"])
    stage.wait()
    #expect(await iterator.next() == [])
    task.cancel()
    _ = await task.result
  }
}
