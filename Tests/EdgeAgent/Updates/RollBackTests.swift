import Foundation
import MQTTTransport
import Pipelines
import TestBroker
import TestPackages
import Testing
import Updates

@testable import EdgeAgent

@Suite struct RollBackTests {
  /// With two versions of `fixed`, both proved.
  private func device() throws -> UpdatedDevice {
    let device = try UpdatedDevice()
    for version in ["1", "2"] {
      try device.install(FixedPackage.bytes(version: version))
      device.finishTrial()
    }
    return device
  }

  private func versions(_ outcome: RollBackOutcome?) -> [String] {
    if case .done(let from, let to)? = outcome { [from.version, to.version] } else { ["\(outcome as Any)"] }
  }

  @Test func `the version before runs again, and the one that was given up never comes back`() throws {
    let device = try device()
    #expect(device.slots() == ["2", "1"])
    let order = device.order("fixed")
    device.updater.carryOutOrders()
    #expect(versions(order.outcome) == ["2", "1"])
    #expect(device.slots() == ["1", nil])
    #expect(device.host.committed == ["1", "2", "1"])
    let last = try #require(device.last())
    #expect(last.kind == .rolledBack && last.version.version == "2" && last.code == "told to" && last.reason == "it misses stains")
    #expect(device.published.all.last?.models["fixed"]?.last == last)
    #expect(UpdateJournal(path: UpdateJournal.path(in: device.updater.folder))["fixed"].last == last)
    // The fleet still offers it.
    #expect(try device.look())
    #expect(device.slots() == ["1", nil])
    // A newer one comes as ever.
    try device.install(FixedPackage.bytes(version: "3"))
    #expect(device.slots() == ["3", "1"])
  }

  @Test func `where there is nothing to go back from or to, nothing changes`() throws {
    let device = try UpdatedDevice()
    try device.install(FixedPackage.bytes(version: "1"))
    let committed = device.host.committed
    for (name, word) in [("fixed", "before"), ("other", "from the fleet"), ("third", "third")] {
      let order = device.order(name)
      device.updater.carryOutOrders()
      guard case .refused(let reason)? = order.outcome else {
        Issue.record("\(name): \(order.outcome as Any)")
        continue
      }
      #expect(reason.contains(word))
    }
    #expect(device.host.committed == committed && device.slots() == ["1", nil] && device.last() == nil)
  }

  @Test func `a trial ends with it`() throws {
    let device = try UpdatedDevice()
    try device.install(FixedPackage.bytes(version: "1"))
    device.finishTrial()
    try device.install(FixedPackage.bytes(version: "2"))
    // One that waits for the trial's end may come then.
    try device.install(FixedPackage.bytes(version: "3"))
    #expect(device.slots() == ["2", "1"] && device.updater.trials["fixed"] != nil && device.updater.postponed == ["fixed"])
    let order = device.order("fixed")
    device.updater.carryOutOrders()
    #expect(versions(order.outcome) == ["2", "1"])
    #expect(device.updater.trials.isEmpty && device.updater.candidates.isEmpty && device.updater.journal["fixed"].watch == nil)
    #expect(device.updater.isAsked)
    try device.look()
    #expect(device.slots() == ["3", "1"])
  }

  @Test func `what is being tested meanwhile takes the place of what runs then, which stays to go back to`() throws {
    let device = try UpdatedDevice { $0.watchTime = .seconds(20) }
    try device.install(FixedPackage.bytes(version: "1"))
    device.finishTrial()
    try device.install(FixedPackage.bytes(version: "2"))
    // No frame has come to it.
    device.updater.trials["fixed"]?.begin = MonotonicClock.now().advanced(by: .seconds(-20))
    var order: UpdatedDevice.Order?
    device.host.onPrepare = { if order == nil { order = device.order("fixed") } }
    try device.release(FixedPackage.bytes(version: "3"))
    #expect(try !device.look())
    #expect(versions(order?.outcome) == ["2", "1"] && device.slots() == ["1", nil] && device.updater.isAsked)
    #expect(try device.look())
    #expect(device.slots() == ["3", "1"])
  }

  @Test func `a model that can't be put in its pipelines is told of`() throws {
    let device = try device()
    device.host.refusal = EdgeAgentError(.model, "no room")
    let order = device.order("fixed")
    device.updater.carryOutOrders()
    guard case .failed(let reason)? = order.outcome else {
      Issue.record("\(order.outcome as Any)")
      return
    }
    #expect(reason.contains("no room"))
    #expect(device.slots() == ["1", nil] && device.last()?.kind == .rolledBack)
  }

  @Test(arguments: ["fixed", "other"]) func `a download doesn't hold it up, and goes on after it`(name: String) throws {
    let device = try device()
    for version in ["1", "2"] {
      try device.install(FixedPackage.bytes(name: "other", version: version))
      if version == "1" { device.finishTrial(of: "other") }
    }
    // Asked for between the blocks of version 3 of `fixed`, whose download watches the trial of `other`.
    var order: UpdatedDevice.Order?
    device.host.onUsage = { [unowned device] other in if order == nil, other == "other" { order = device.order(name) } }
    try device.release(Self.package(name: "fixed", version: "3"))
    try device.look()
    #expect(versions(order?.outcome) == ["2", "1"])
    #expect(device.last(name)?.code == "told to")
    // The order came first: version 3 replaced what was gone back to.
    #expect(device.slots() == ["3", name == "fixed" ? "1" : "2"])
    #expect(device.slots("other") == (name == "other" ? ["1", nil] : ["2", "1"]))
  }

  @Test func `at the agent's end nobody waits any more`() throws {
    let device = try device()
    let order = device.order("fixed")
    device.updater.stop()
    device.updater.carryOutOrders()
    #expect(order.outcome == .ending)
    #expect(device.updater.rollBack("fixed", reason: "r") == .ending)
    #expect(device.slots() == ["2", "1"])
  }

  @Test(.enabled(if: RealBroker.isAvailable)) func `the updater's thread wakes up for it, whatever it waits for`() async throws {
    let broker = try RealBroker()
    let device = try UpdatedDevice({ $0.spread = .seconds(86_400) }, broker: broker.url)
    for version in ["1", "2", "3"] {
      try device.install(FixedPackage.bytes(version: version))
      device.finishTrial()
    }
    try device.connection.start()
    defer { device.connection.stop() }
    let updater = device.updater
    // It begins by spreading its look over a day.
    let running = Task { try await updater.run() }
    let outcome = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: updater.rollBack("fixed", reason: "r")) }
    }
    #expect(versions(outcome) == ["3", "2"])
    updater.stop()
    try await running.value
  }

  /// One of several blocks.
  private static func package(name: String, version: String) -> [UInt8] {
    FixedPackage.bytes(name: name, version: version, labels: (0..<20_000).map { "label \(($0 &* 2_654_435_761) % 1_000_003)" })
  }
}
