import ModelManifest
import Pipelines
import Supervision
import TestBroker
import TestPackages
import Testing

@testable import EdgeAgent

@Suite struct ReloadRequestsTests {
  private final class Witness: Sendable {
    let ended = Recorder<Int>()
    let asked = Recorder<Int>()
  }

  /// Goes when the thread has ended, with all that it would ever do.
  private final class End: Sendable {
    let witness: Witness

    init(_ witness: Witness) { self.witness = witness }

    deinit { witness.ended.append(1) }
  }

  @Test func `however often it is asked for during a reload, one more follows, and none after the close`() throws {
    let (witness, gate) = (Witness(), BoundedQueue<Int>(capacity: 16, policy: .rejectNewest))
    var end: End? = End(witness)
    let requests = try ReloadRequests { [end] in
      end?.witness.asked.append(1)
      _ = gate.pop(timeout: .seconds(60))
    }
    end = nil
    requests.ask()
    #expect(witness.asked.wait { $0.count == 1 })
    for _ in 0..<5 { requests.ask() }
    requests.close()
    requests.ask()
    for _ in 0..<10 { gate.push(1) }
    #expect(witness.ended.wait { $0.count == 1 })
    #expect(witness.asked.all.count == 2)
  }

  @Test func `once the service manager knows of the end it is told of no reload`() async throws {
    let (told, seen) = (Recorder<String>(), Recorder<Int>())
    let gate = BoundedQueue<Int>(capacity: 1, policy: .rejectNewest)
    let trial = try AgentTrial { options in
      options.notifier = SystemdNotifier { told.append($0) }
      options.readConfiguration = { AgentConfiguration.read(Array("device: 1".utf8), file: "none") }
      options.onResult = { _ in
        seen.append(1)
        _ = gate.pop()
      }
    }
    let configuration = try trial.configuration()
    let agent = trial.agent
    let running = Task { try await agent.run(configuration) }
    #expect(await seen.eventually { $0.count >= 1 })
    agent.reload()
    #expect(told.all.contains { $0.hasPrefix("RELOADING=1") })
    // It is still there, as a result waits to be recorded.
    agent.stop()
    agent.reload()
    agent.stop()
    gate.close()
    try await running.value
    let end = try #require(told.all.firstIndex(of: "STOPPING=1"))
    #expect(!told.all[end...].contains { $0.hasPrefix("RELOADING=1") || $0 == "READY=1" }, "\(told.all)")
    #expect(told.all.filter { $0 == "STOPPING=1" }.count == 1)
  }

  @Test func `a reload that takes its time keeps no end waiting, and what is asked meanwhile is one more`() async throws {
    let (opened, gate) = (Recorder<Int>(), BoundedQueue<Int>(capacity: 8, policy: .rejectNewest))
    let readings = Recorder<ConfigurationReading>()
    let trial = try AgentTrial { options in
      options.readConfiguration = { readings.all[0] }
      options.openModel = { _, _ throws(EdgeAgentError) in
        opened.append(1)
        // The first one is the start's.
        if opened.all.count > 1 { _ = gate.pop(timeout: .seconds(60)) }
        do throws(ModelPackageError) { return try ModelPackage(FixedPackage.bytes(), origin: "fixed") } catch {
          throw EdgeAgentError(.model, error.description)
        }
      }
    }
    let configuration = try trial.configuration()
    var reading = AgentConfiguration.read(Array("device: 1".utf8), file: "none")
    (reading.configuration, reading.mistakes) = (configuration, [])
    readings.append(reading)
    let running = Task { try await trial.agent.run(configuration) }
    #expect(await trial.seen.eventually { $0.count >= 2 })
    let asked = Recorder<Int>()
    let agent = trial.agent
    let requests = try ReloadRequests {
      asked.append(1)
      agent.reload()
    }
    requests.ask()
    #expect(await opened.eventually { $0.count == 2 })
    for _ in 0..<3 { requests.ask() }
    // It loads, and would do so for a minute.
    agent.stop()
    try await running.value
    #expect(asked.all.count == 1)
    gate.push(1)
    gate.push(1)
    #expect(await asked.eventually { $0.count >= 2 })
    withExtendedLifetime(requests) {}
  }
}
