import Foundation
import GateClient
import Pipelines
import TestPackages
import Testing

@testable import EdgeAgent

/// The shipped schema of `swiftlet/status/1`, by the script that messages are checked with.
@Suite struct StatusSchemaTests {
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("EndToEnd/validate_payloads.py").path

  /// A Python that has `jsonschema`: `SWIFTLET_PYTHON`, else the system's.
  private static let python: String? = {
    for candidate in [ProcessInfo.processInfo.environment["SWIFTLET_PYTHON"], "/usr/bin/python3"].compactMap({ $0 }) {
      if (try? run(candidate, ["-c", "import jsonschema; jsonschema.Draft202012Validator"], input: []))?.status == 0 { return candidate }
    }
    print("SKIPPED: the status document against its schema, as no Python has jsonschema (apt-get install python3-jsonschema)")
    return nil
  }()

  private static func run(_ path: String, _ arguments: [String], input: [UInt8]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (standardInput, output) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
    try standardInput.fileHandleForWriting.close()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  private func check(_ document: [UInt8]) throws -> (status: Int32, text: String) {
    try Self.run(try #require(Self.python), [Self.script, "--document", "status"], input: document)
  }

  @Test(.enabled(if: StatusSchemaTests.python != nil)) func `a real document fits, with all that there may be in it`() async throws {
    let trial = try AgentTrial()
    let configuration = try trial.configuration(frames: 5)
    try await trial.agent.run(configuration)
    var status = try #require(trial.agent.status)
    let plain = try check(StatusDocument(status, configuration, at: MonotonicClock.wallTime()).encoded)
    #expect(plain.status == 0, "\(plain.text)")
    #expect(!status.pipelines[0].recent.isEmpty)
    status.cameras[0].state = .waiting("no such device")
    status.pipelines[0].isLight = true
    (status.pipelines[0].statistics.batched, status.pipelines[0].statistics.batchedFrames) = (2, 5)
    status.pipelines[0].statistics.decided = .init()
    for link in [GateLinkState.away("unplugged"), .armed] {
      status.gates.append(
        AgentStatus.Gate(name: "g", pipeline: "surface", link: link, counters: GateCounters(), passes: 1, rejects: 2, unplaced: 3, failed: 4))
    }
    (status.broker, status.storageError) = ("connected", "the disk is full")
    status.machine.reading.temperatures = [.init(zone: "cpu", celsius: 40, critical: nil), .init(zone: "gpu", celsius: 40, critical: 100)]
    (status.machine.step, status.machine.reasons) = (2, ["hot"])
    status.models = ModelsMessage(capturedAt: MonotonicClock.wallTime(), clock: .current(), channel: "c", check: .init(), models: ["m": .init()])
    let whole = try check(StatusDocument(status, configuration, at: MonotonicClock.wallTime()).encoded)
    #expect(whole.status == 0, "\(whole.text)")
  }

  @Test(.enabled(if: StatusSchemaTests.python != nil)) func `what isn't one doesn't fit`() throws {
    for text in ["{}", "{\"schema\": \"swiftlet/status/2\"}"] { #expect(try check(Array(text.utf8)).status == 1, "\(text)") }
  }
}
