import Foundation
import TestBroker
import Testing

/// A staged rollout over a channel of real daemons, kept by a real keeper and seen through a real `watch`.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized, .timeLimit(.minutes(10))) struct RolloutTests {
  @Test func `a bad release reaches some, is halted by the keeper, goes no further, and leaves all on the good one`() throws {
    let rollout = try Rollout(.fixed, count: 6, firstCount: 3, watch: "2 s", spread: "0 s", haltAbove: "40%", least: 2)
    try begin(rollout)
    let kinds: [BadRelease] = [.wrongOutputs, .crashes, .slow]
    for (index, bad) in kinds.enumerated() { _ = try stage(bad, version: "\(index + 2)", in: rollout) }
    try end(rollout, version: "5")
  }

  /// The run that docs/updates.md records.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["SWIFTLET_ROLLOUT"] != nil, "it takes minutes: make test-rollout"))
  func `the same with eight devices, a trial of twenty seconds, and each kind of bad release twice`() throws {
    let rollout = try Rollout(.demo, count: 8, firstCount: 4, watch: "20 s", spread: "10 s", haltAbove: "30%", least: 3)
    try begin(rollout)
    var tables: [String] = []
    let kinds: [BadRelease] = [.wrongOutputs, .crashes, .slow]
    for (index, bad) in (kinds + kinds).enumerated() { tables.append(try stage(bad, version: "\(index + 2)", in: rollout)) }
    try end(rollout, version: "8")
    print((tables + [try rollout.table()]).joined(separator: "\n"))
  }

  /// Version 1 on all devices.
  private func begin(_ rollout: Rollout) throws {
    try rollout.fleet.release(rollout.model.package(version: "1"))
    try #require(rollout.wait("the good version") { $0.outcome == "installed" && $0.active == "1" })
  }

  /// - Returns: what `watch` shows afterwards.
  private func stage(_ bad: BadRelease, version: String, in rollout: Rollout) throws -> String {
    // However slowly this machine kills them, they die within the trial.
    if bad == .crashes { try rollout.configureTakers(watch: "1 h") }
    try rollout.fleet.take(rollout.model.package(version: version, bad), share: rollout.share)
    try rollout.fleet.publish()
    if bad == .crashes {
      #expect(rollout.wait("version \(version) on trial", of: rollout.first) { $0.active == version })
      for _ in 0..<3 { for device in rollout.takers { try device.crash() } }
      try rollout.configureTakers(watch: nil)
    }
    let halted = try #require(rollout.keeper.waitForOutput("\"halted\"", "\"version\": \"\(version)\""), "\(rollout)")
    #expect(halted.contains("(\(bad.code))"), "\(halted)")
    #expect(rollout.watch.waitForOutput("\"halted\"", "\"version\": \"\(version)\"", bad.code) != nil, "\(rollout.watch.outputText)")
    // Whoever asks for more now gets nothing.
    try rollout.fleet.run("promote", rollout.model.name, version)
    try rollout.fleet.publish()
    let timestamp = try rollout.fleet.timestampVersion()
    #expect(rollout.wait("back after \(version)") { $0.timestamp >= timestamp && $0.check == "current" && $0.active == "1" && $0.candidate == nil })
    let rows = try rollout.rows()
    #expect(rows.count == rollout.devices.count)
    var failedCount = 0
    for (device, row) in rows {
      #expect(row["active"] as? String == "1", "\(row)")
      // Whom the halt came before still tells of the one before.
      guard row["state"] as? String != "running", row["version"] as? String == version else { continue }
      failedCount += 1
      #expect(rollout.first.contains(device), "\(row)")
      #expect(bad.states.contains(row["state"] as? String ?? "") && row["code"] as? String == bad.code, "\(row)")
      #expect((row["reason"] as? String)?.isEmpty == false, "\(row)")
    }
    #expect(failedCount >= 2)
    return "\(halted)\n\(try rollout.table())"
  }

  /// A good version goes to all, which shows that nothing of a bad one was still on its way.
  private func end(_ rollout: Rollout, version: String) throws {
    try rollout.fleet.take(rollout.model.package(version: version), share: rollout.share)
    try rollout.fleet.run("promote", rollout.model.name, version)
    try rollout.fleet.publish()
    #expect(rollout.wait("the next good version") { $0.outcome == "installed" && $0.lastVersion == version && $0.active == version })
    for device in rollout.devices where !rollout.first.contains(device.name) { #expect(rollout.versions(met: device.name) == ["1", version]) }
    rollout.keeper.signal(SIGTERM)
    #expect(rollout.keeper.waitForEnd() == 0, "\(rollout.keeper.errorText)")
    for device in rollout.devices {
      device.daemon.signal(SIGTERM)
      #expect(device.daemon.waitForEnd() == 0, "\(device.daemon.errorText)")
    }
  }
}
