import Foundation
import Pipelines
import TestPackages
import Testing
import Updates

@testable import EdgeAgent

@Suite struct TrialTests {
  /// With version 1, proved, and version 2 on trial.
  private func device(watch: Duration = .seconds(600)) throws -> UpdatedDevice {
    let device = try UpdatedDevice { $0.watchTime = watch }
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

  @Test func `what proved itself here before is back at once, without another trial`() throws {
    let device = try device()
    device.finishTrial()
    try device.withdraw("2")
    try device.look()
    #expect(device.slots()[0] == "1" && device.updater.trials.isEmpty && device.updater.journal["fixed"].watch == nil)
    #expect(device.last()?.kind == .installed && device.last()?.version.version == "1")
  }

  /// Version 2 on trial, after version 1 whose runs took a millisecond.
  private func timed(onDevice: Bool) throws -> UpdatedDevice {
    let device = try UpdatedDevice()
    try device.install(FixedPackage.bytes(version: "1"))
    device.finishTrial()
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .milliseconds(100), isOfDevice: onDevice)
    try device.install(FixedPackage.bytes(version: "2"))
    return device
  }

  @Test func `a version whose device failed isn't blamed for its time, and that isn't kept quiet`() throws {
    let device = try timed(onDevice: true)
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), deviceTrouble: "out of memory", isOfDevice: true)
    device.updater.watchTrials()
    device.finishTrial()
    #expect(device.last()?.kind == .installed && device.last()?.reason == "its time wasn't compared: out of memory")
    #expect(device.slots() == ["2", "1"])
  }

  @Test func `a version that should have run on the device and never could isn't blamed either`() throws {
    let device = try timed(onDevice: true)
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), deviceTrouble: "out of memory")
    device.updater.watchTrials()
    #expect(!device.updater.trials.isEmpty)
  }

  @Test func `where both versions ran on the processor, their times count whatever the device has`() throws {
    let device = try timed(onDevice: false)
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), deviceTrouble: "the driver is too old")
    device.updater.watchTrials()
    #expect(device.last()?.kind == .rolledBack && device.last()?.code == "too slow")
  }

  @Test func `a version that a device can't run is measured by the one that ran there`() throws {
    let device = try timed(onDevice: true)
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), isKeptOffDevice: true)
    device.updater.watchTrials()
    #expect(device.last()?.kind == .rolledBack && device.last()?.code == "too slow")
  }

  @Test func `a version that has no room on the device where the one before ran is measured by that one`() throws {
    let device = try timed(onDevice: true)
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), deviceTrouble: "out of memory", isKeptOffDevice: true)
    device.updater.watchTrials()
    #expect(device.last()?.kind == .rolledBack && device.last()?.code == "too slow")
  }

  /// As where somebody changes `backend` in the midst of a trial.
  @Test(arguments: [true, false]) func `times of two engines aren't compared, not after a restart either, and that isn't kept quiet`(wasOnDevice: Bool) throws {
    let device = try timed(onDevice: wasOnDevice)
    device.updater.endTrialsInOrder()
    try device.restart()
    #expect(device.updater.trials["fixed"]?.wasOfDevice == wasOnDevice)
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), isOfDevice: !wasOnDevice)
    device.updater.watchTrials()
    device.finishTrial()
    #expect(device.last()?.kind == .installed && device.last()?.reason?.contains("its time wasn't compared") == true)
  }

  @Test(arguments: [true, false]) func `a resumed trial compares what ran on the same engine`(isOfDevice: Bool) throws {
    let device = try timed(onDevice: isOfDevice)
    device.updater.endTrialsInOrder()
    try device.restart()
    device.host.usages["fixed"] = ModelUsage(frames: 100, inference: .seconds(100), isOfDevice: isOfDevice)
    device.updater.watchTrials()
    #expect(device.last()?.kind == .rolledBack && device.last()?.code == "too slow")
  }

  @Test func `ends that may be a device's doing aren't counted against a version`() throws {
    let device = try timed(onDevice: true)
    for _ in 0..<4 { try device.restart(isDeviceSuspected: true) }
    #expect(device.updater.journal["fixed"].watch?.crashes == 0 && device.slots() == ["2", "1"])
  }

  @Test func `a pause proves nothing: its time doesn't count`() throws {
    let device = try device()
    device.host.usages["fixed"] = ModelUsage(frames: 1)
    device.updater.watchTrials()
    device.updater.trials["fixed"]?.since = ago(30)
    device.host.usages["fixed"] = ModelUsage(frames: 1, isPaused: true)
    device.updater.watchTrials()
    let before = try #require(device.updater.trials["fixed"])
    #expect(before.since == nil && before.watched >= .seconds(30))
    for _ in 0..<3 { device.updater.watchTrials() }
    #expect(device.updater.trials["fixed"]?.watched == before.watched)
    device.host.usages["fixed"] = ModelUsage(frames: 2)
    device.updater.watchTrials()
    #expect(device.updater.trials["fixed"]?.since != nil)
    device.finishTrial()
    #expect(device.last()?.kind == .installed)
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

  @Test func `frames that ran together with others say nothing of how long a run takes`() {
    #expect(ModelUsage(frames: 60, inference: .milliseconds(300), untimedFrames: 30).meanInference == .milliseconds(10))
    #expect(ModelUsage(frames: 60, inference: .milliseconds(300), untimedFrames: 31).meanInference == nil)
    #expect(ModelUsage(frames: 60, inference: .milliseconds(300)).meanInference == .milliseconds(5))
  }

  /// A minute and a half at most: the machine may have started not long before.
  private func ago(_ seconds: Int) -> MonotonicInstant { MonotonicClock.now().advanced(by: .seconds(-seconds)) }

  @Test func `how long it was watched survives restarts, and is noted once a minute at most`() throws {
    let device = try device(watch: .seconds(60))
    func noted() -> Int? { UpdateJournal(path: UpdateJournal.path(in: device.updater.folder))["fixed"].watch?.watched }
    device.updater.trials["fixed"]?.since = ago(30)
    device.updater.trials["fixed"]?.noted = ago(50)
    device.updater.watchTrials()
    #expect(noted() == 0)
    device.updater.trials["fixed"]?.noted = ago(60)
    device.updater.watchTrials()
    #expect(noted() == 30)
    device.updater.trials["fixed"]?.since = ago(35)
    device.updater.watchTrials()
    #expect(noted() == 30)
    // A crash loses what wasn't noted, an end in order nothing.
    try device.restart()
    #expect(device.updater.trials["fixed"]?.watched == .seconds(30))
    device.updater.trials["fixed"]?.since = ago(20)
    device.updater.endTrialsInOrder()
    try device.restart()
    #expect(device.updater.trials["fixed"]?.watched == .seconds(50))
    // Without frames no time passes.
    device.updater.trials["fixed"]?.begin = ago(100)
    device.updater.watchTrials()
    #expect(device.updater.trials["fixed"]?.watched == .seconds(50))
    device.updater.trials["fixed"]?.since = ago(10)
    device.updater.watchTrials()
    #expect(device.last()?.kind == .installed && device.last()?.version.version == "2")
  }

  /// But for the time.
  private func isSame(_ one: UpdateJournal.Outcome?, _ other: UpdateJournal.Outcome) -> Bool {
    guard var one else { return false }
    one.at = other.at
    return one == other
  }

  /// As the disk is at each step of going back.
  @Test(arguments: ["noted", "let go", "over"]) func `going back is told of and done, whenever power is cut`(step: String) throws {
    let device = try device()
    var disks = ["noted": try device.disk()]
    device.host.onPrepare = { [unowned device] in disks["let go"] = try? device.disk() }
    device.host.usages["fixed"] = ModelUsage(frames: 9, faults: 1)
    device.updater.watchTrials()
    let last = try #require(device.last())
    disks["over"] = try device.disk()
    device.host.onPrepare = {}
    device.host.usages = [:]
    // The note comes first: what the journal has when the store has let go it had before.
    let journal = try #require(disks["let go"]) + "/updates/journal.json"
    let noted = try #require(disks["noted"]) + "/updates/journal.json"
    try FileManager.default.removeItem(atPath: noted)
    try FileManager.default.copyItem(atPath: journal, toPath: noted)
    #expect(isSame(UpdateJournal(path: journal)["fixed"].intent, last) && !isSame(UpdateJournal(path: journal)["fixed"].last, last))
    try device.restart(on: try #require(disks[step]))
    #expect(isSame(device.last(), last) && device.slots() == ["1", nil])
    #expect(device.updater.journal["fixed"].watch == nil && device.updater.journal["fixed"].intent == nil && device.updater.trials.isEmpty)
    device.updater.report()
    #expect(isSame(device.published.all.last?.models["fixed"]?.last, last))
    try device.look()
    #expect(device.slots() == ["1", nil])
  }

  @Test func `one that no frame comes to doesn't hold up the next version, and never is one to go back to`() throws {
    let device = try device(watch: .seconds(20))
    try device.install(FixedPackage.bytes(version: "3"))
    #expect(device.slots() == ["2", "1"])
    device.updater.watchTrials()
    #expect(!device.updater.isAsked || device.updater.postponed == ["fixed"])
    device.updater.trials["fixed"]?.begin = ago(20)
    device.updater.watchTrials()
    #expect(device.updater.postponed.isEmpty)
    try device.look()
    #expect(device.slots() == ["3", "1"] && device.updater.trials["fixed"]?.version.version == "3")
    device.host.usages["fixed"] = ModelUsage(frames: 1, faults: 1)
    device.updater.watchTrials()
    #expect(device.slots() == ["1", nil] && device.last()?.version.version == "3")
  }

  @Test func `one that frames come to holds up the next version until its trial is over`() throws {
    let device = try device(watch: .seconds(20))
    device.host.usages["fixed"] = ModelUsage(frames: 1)
    device.updater.watchTrials()
    device.updater.trials["fixed"]?.begin = ago(20)
    try device.install(FixedPackage.bytes(version: "3"))
    #expect(device.slots() == ["2", "1"])
    device.finishTrial()
    try device.look()
    #expect(device.slots() == ["3", "2"])
  }
}
