import ModelManifest
import Pipelines
import TestBroker
import TestPackages
import Testing

@testable import EdgeAgent

@Suite struct ReloadRequestsTests {
  @Test func `a reload that takes its time keeps no end waiting, and what is asked meanwhile is one more`() async throws {
    let (opened, gate) = (Recorder<Int>(), BoundedQueue<Int>(capacity: 8, policy: .rejectNewest))
    let readings = Recorder<ConfigurationReading>()
    let trial = try AgentTrial { options in
      options.readConfiguration = { readings.all[0] }
      options.openModel = { _ throws(EdgeAgentError) in
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
