import Foundation
import ReleaseAuthoring
import TestBroker
import Testing
import Updates

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct KeeperTests {
  private static func later(_ days: Int64) -> DateTime { DateTime(seconds: TestRelease.time.seconds + days * TestRelease.day) }

  /// A release on a broker, and its keeper with nothing but two keys.
  private final class Kept {
    let release: TestRelease
    let broker: RealBroker
    let session: BrokerSession
    let metadata: String
    private var keeper: Keeper<MetadataFolder>

    init(rule: HaltRule? = nil, channels: [String: String] = ["line-a": "100%"]) throws {
      release = try TestRelease()
      broker = try RealBroker()
      try release.add("1", channels: channels)
      try release.add("2", seed: 0.4, channels: channels)
      try release.publish(to: broker)
      metadata = release.parent.appendingPathComponent("keeper").path
      try FileManager.default.createDirectory(atPath: metadata, withIntermediateDirectories: true)
      try Data(release.file("metadata/1.root.json")).write(to: URL(fileURLWithPath: "\(metadata)/root.json"))
      session = try BrokerSession(TestRelease.settings(broker))
      keeper = try Self.keeper(release, metadata, rule)
    }

    deinit { session.close() }

    private static func keeper(_ release: TestRelease, _ metadata: String, _ rule: HaltRule?) throws -> Keeper<MetadataFolder> {
      let files = ["timestamp-1", "halt-1"].map { "\(release.folder.path)/keys/\($0).pem" }
      let keys = try KeyChain(folder: nil, files: files) { _ throws(ReleaseError) in "secret" }
      var plan = KeeperPlan()
      plan.rule = rule
      return Keeper(store: MetadataFolder(metadata), keys: keys, plan: plan)
    }

    func restart(_ rule: HaltRule? = nil) throws { keeper = try Self.keeper(release, metadata, rule) }

    /// What it did, as text, after it looked at what is on the broker now.
    func work(_ devices: [TestDevice] = [], at time: DateTime = TestRelease.time) throws -> [String] {
      keeper.note(timestamp: try broker("metadata/timestamp") ?? [])
      return try keeper.work(Fleet(devices), through: session, at: time).map { event in
        switch event {
        case .trusting(let timestamp, let count): "trusting \(timestamp) with \(count)"
        case .renewed(let timestamp, let expires): "renewed \(timestamp) until \(expires)"
        case .halted(let rollout, let reason, let timestamp): "halted \(rollout.version) on \(rollout.channel) by \(timestamp): \(reason)"
        }
      }
    }

    func broker(_ name: String) throws -> [UInt8]? { try session.retained(["swiftlet/v1/releases/\(name)"]).values.first }

    var trusted: TrustedRelease? { keeper.release }
  }

  @Test func `a timestamp is renewed ten days before it expires, and not sooner`() throws {
    let kept = try Kept()
    #expect(try kept.work() == ["trusting 3 with 2"])
    #expect(try kept.work(at: Self.later(19)) == [])
    #expect(try kept.work(at: Self.later(20)) == ["renewed 4 until \(Self.later(50))"])
    #expect(try kept.work(at: Self.later(20)) == [])
    #expect(try kept.work(at: Self.later(40)) == ["renewed 5 until \(Self.later(70))"])
    // A device takes it.
    let root = try kept.release.file("metadata/1.root.json")
    var device = Keeper(store: MetadataMemory(["root": root]), keys: try kept.release.keys(), plan: KeeperPlan())
    try device.look(through: kept.session, at: Self.later(60))
    #expect(device.release?.timestampVersion == 5 && device.release?.packages.count == 2)
  }

  @Test func `a keeper that was away renews its own expired word, and nobody else's`() throws {
    let kept = try Kept()
    _ = try kept.work()
    try kept.restart()
    #expect(try kept.work(at: Self.later(40)) == ["trusting 3 with 2", "renewed 4 until \(Self.later(70))"])
    try FileManager.default.removeItem(atPath: "\(kept.metadata)/timestamp.json")
    try kept.restart()
    let error = #expect(throws: ReleaseError.self) { try kept.work(at: Self.later(80)) }
    #expect(error?.code == .untrusted && error?.message.contains("expired") == true)
  }

  @Test func `a package that fails is halted where it fails, and devices follow`() throws {
    let rule = try HaltRule(limit: Share("10%"), leastCount: 5)
    let kept = try Kept(rule: rule, channels: ["line-a": "100%", "line-b": "100%"])
    let good = (0..<4).map { TestDevice.running("good-\($0)", "2", 2) }
    #expect(try kept.work(good) == ["trusting 3 with 2"])
    #expect(kept.trusted?.expected("defects", device: "plant-a/x", channel: "line-a")?.version == "2")
    let bad = [TestDevice.failed("bad", "2", 2, outcome: "refused", code: "golden inputs")]
    #expect(try kept.work(good + bad) == ["halted 2 on line-a by 4: 1 of 5 devices failed: 1 × refused (golden inputs)"])
    #expect(try kept.work(good + bad) == [])
    #expect(kept.trusted?.expected("defects", device: "plant-a/x", channel: "line-a")?.version == "1")
    #expect(kept.trusted?.expected("defects", device: "plant-a/x", channel: "line-b")?.version == "2")
    try kept.restart(rule)
    #expect(try kept.work(good + bad) == ["trusting 4 with 2"])
    #expect(kept.trusted?.halts.map(\.version) == ["2"])
    // And the releaser builds on it.
    #expect(try kept.release.folder.stage("defects", "1", channel: "line-c", share: .all, kept.release.keys(), at: TestRelease.time).written.count == 3)
    #expect(try kept.release.publish(to: kept.broker).timestampVersion == 5)
    #expect(try kept.work(good + bad) == ["trusting 5 with 2"])
    #expect(kept.trusted?.expected("defects", device: "plant-a/x", channel: "line-a")?.version == "1")
  }

  @Test func `failures of what isn't released halt nothing`() throws {
    let kept = try Kept(rule: try HaltRule(limit: Share("0%"), leastCount: 1))
    #expect(try kept.work([.failed("a", "9", 9)]) == ["trusting 3 with 2"])
    var elsewhere = TestDevice.failed("a", "2", 2)
    elsewhere.channel = "line-z"
    #expect(try kept.work([elsewhere]) == [])
  }

  @Test func `an old timestamp that is held out is refused`() throws {
    let kept = try Kept()
    let old = try #require(try kept.broker("metadata/timestamp"))
    _ = try kept.work(at: Self.later(20))
    try kept.session.publish([("swiftlet/v1/releases/metadata/timestamp", old)])
    let error = #expect(throws: ReleaseError.self) { try kept.work(at: Self.later(20)) }
    #expect(error?.code == .untrusted && error?.message.contains("rollback") == true)
  }

  @Test func `a halt file that was swapped is refused`() throws {
    let kept = try Kept()
    try kept.session.publish([("swiftlet/v1/releases/metadata/halt.1", Array("{}".utf8))])
    let error = #expect(throws: ReleaseError.self) { try kept.work() }
    #expect(error?.code == .untrusted && error?.message.contains("1.halt.json") == true)
  }

  @Test func `a halt of a stranger's key is refused`() throws {
    let (kept, stranger) = (try Kept(), try TestRelease())
    _ = try stranger.folder.halt(Halt(name: "defects", version: "2", channels: ["line-a": 0], reason: "malice"), stranger.keys(), at: TestRelease.time)
    let halt = try stranger.file("metadata/2.halt.json")
    let timestamp = try kept.release.forgedTimestamp(version: 4, naming: halt, version: 2)
    try kept.session.publish([("swiftlet/v1/releases/metadata/halt.2", halt), ("swiftlet/v1/releases/metadata/timestamp", timestamp)])
    let error = #expect(throws: ReleaseError.self) { try kept.work() }
    #expect(error?.code == .untrusted && error?.message.contains("isn't signed by the keys that targets.json names") == true)
  }

  @Test func `a halt can't be undone by an older halt file`() throws {
    let kept = try Kept(rule: try HaltRule(limit: Share("0%"), leastCount: 1))
    let first = try kept.release.file("metadata/1.halt.json")
    #expect(try kept.work([.failed("a", "2", 2)]).count == 2)
    let timestamp = try kept.release.forgedTimestamp(version: 9, naming: first, version: 1)
    try kept.session.publish([("swiftlet/v1/releases/metadata/timestamp", timestamp)])
    let error = #expect(throws: ReleaseError.self) { try kept.work() }
    #expect(error?.code == .untrusted && error?.message.contains("older halts than before") == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [ReleaseRole.timestamp, .halt])
  func `after a rotation the keeper says which key it needs`(role: ReleaseRole) throws {
    let kept = try Kept(rule: try HaltRule(limit: Share("0%"), leastCount: 1))
    _ = try kept.work()
    _ = try kept.release.folder.rotate(role, replacing: nil, passphrase: "secret", kept.release.keys(), at: TestRelease.time)
    try kept.release.publish(to: kept.broker)
    #expect(try kept.work().count == 1)
    let error = #expect(throws: ReleaseError.self) { try kept.work([.failed("a", "2", 2)]) }
    #expect(error?.code == .missingKey && error?.message.contains("\(role.rawValue) role") == true)
    #expect(try kept.broker("metadata/halt.3") == nil)
  }

  @Test func `an empty broker is named, and looked at again`() throws {
    let kept = try Kept()
    let timestamp = try #require(try kept.broker("metadata/timestamp"))
    try kept.session.publish([("swiftlet/v1/releases/metadata/timestamp", [])])
    let error = #expect(throws: ReleaseError.self) { try kept.work() }
    #expect(error?.code == .notThere && error?.message.contains("metadata/timestamp") == true)
    try kept.session.publish([("swiftlet/v1/releases/metadata/timestamp", timestamp)])
    #expect(try kept.work() == ["trusting 3 with 2"])
  }
}
