import Pipelines
import TestPackages
import Testing
import Updates

@testable import EdgeAgent

@Suite struct TrialTests {
  /// With version 1, proved, and version 2 on trial.
  private func device() throws -> UpdatedDevice {
    let device = try UpdatedDevice()
    try device.install(FixedPackage.bytes(version: "1"))
    device.finishTrial()
    try device.install(FixedPackage.bytes(version: "2"))
    return device
  }

  @Test func `a version on trial counts as installed after its time, from its first frame on`() throws {
    let device = try device()
    device.updater.watchTrials()
    #expect(device.updater.trials["fixed"]?.since == nil)
    device.host.usages["fixed"] = ModelUsage(frames: 1)
    device.updater.watchTrials()
    #expect(device.updater.trials["fixed"]?.since != nil && device.last()?.version.version == "1")
    device.finishTrial()
    #expect(device.updater.trials.isEmpty && device.last()?.kind == .installed && device.slots() == ["2", "1"])
  }

  @Test(arguments: [
    (ModelUsage(frames: 9, faults: 1), "outside its own tensors"), (ModelUsage(frames: 9, nonFiniteFrames: 2), "of 9 frames 2 gave infinities"),
  ])
  func `wrong results give way to the version before, with a reason that says which`(usage: ModelUsage, reason: String) throws {
    let device = try device()
    device.host.usages["fixed"] = usage
    device.updater.watchTrials()
    let last = try #require(device.last())
    #expect(last.kind == .rolledBack && last.code == "wrong results" && last.version.version == "2")
    #expect(last.reason?.contains(reason) == true, "\(last.reason ?? "")")
    #expect(device.slots() == ["1", nil] && device.host.committed == ["1", "2", "1"])
  }
}
