import Foundation
import ReleaseAuthoring
import Testing
import Updates

@Suite struct SigningTests {
  static let later = DateTime(seconds: TestRelease.time.seconds + 10 * TestRelease.day)

  @Test func `a release that needs two signatures isn't released with one`() throws {
    let release = try TestRelease { plan in (plan.targetsKeyCount, plan.targetsThreshold) = (2, 2) }
    let away = try release.carryAway("targets-2")
    let added = try release.add("1")
    #expect(added.progress.written == [])
    #expect(added.progress.waiting.map(\.line) == ["targets version 2 lacks 1 signature, by \(release.folder.path)/keys/targets-2.pem"])
    #expect(try release.believed() == [] && !release.has("metadata/2.targets.json"))
    #expect(try release.folder.status(at: TestRelease.time).waiting.count == 1)
    let progress = try release.folder.sign(.targets, with: away, release.keys(), at: TestRelease.time)
    #expect(progress.written == ["2.targets.json", "2.snapshot.json", "timestamp.json"] && progress.waiting == [])
    #expect(try release.believed() == ["packages/defects/1.blocks"])
    #expect(!release.has("drafts/targets.json"))
  }

  @Test func `two changes share one draft, whose signatures begin anew`() throws {
    let release = try TestRelease { plan in (plan.targetsKeyCount, plan.targetsThreshold) = (2, 2) }
    let away = try release.carryAway("targets-2")
    try release.add("1")
    try release.add("2", seed: 0.4)
    _ = try release.folder.sign(.targets, with: away, release.keys(), at: TestRelease.time)
    #expect(try release.believed() == ["packages/defects/1.blocks", "packages/defects/2.blocks"])
    #expect(release.has("metadata/2.targets.json") && !release.has("metadata/3.targets.json"))
  }

  @Test func `a key of another role can't sign a draft`() throws {
    let release = try TestRelease { plan in (plan.targetsKeyCount, plan.targetsThreshold) = (2, 2) }
    _ = try release.carryAway("targets-2")
    try release.add("1")
    let error = #expect(throws: ReleaseError.self) {
      try release.folder.sign(.targets, with: "\(release.folder.path)/keys/root-1.pem", release.keys(), at: TestRelease.time)
    }
    #expect(error?.code == .unusableKey && error?.message.contains("targets-2.pem") == true)
    #expect(throws: ReleaseError.self) { try release.folder.sign(.root, with: "\(release.folder.path)/keys/root-1.pem", release.keys(), at: TestRelease.time) }
  }

  @Test(arguments: ["targets-1", "snapshot-1", "timestamp-1"])
  func `without a role's key nothing is written, and the file is named`(key: String) throws {
    let release = try TestRelease()
    _ = try release.carryAway(key)
    if key == "targets-1" {
      #expect(try release.add("1").progress.waiting.first?.keyFiles == ["\(release.folder.path)/keys/targets-1.pem"])
    } else {
      let error = #expect(throws: ReleaseError.self) { try release.add("1") }
      #expect(error?.code == .missingKey && error?.message.contains("keys/\(key).pem") == true)
      #expect(!release.has("drafts/targets.json"))
    }
    #expect(try release.believed() == [] && !release.has("metadata/2.targets.json"))
  }

  @Test func `daily work needs no root key`() throws {
    let release = try TestRelease()
    for key in ["root-1", "root-2", "root-3"] { _ = try release.carryAway(key) }
    try release.add("1", channels: ["line-a": "5%"])
    _ = try release.folder.promote("defects", "1", channel: nil, release.keys(), at: TestRelease.time)
    _ = try release.folder.renew(root: false, release.keys(), at: TestRelease.time)
    #expect(try release.believed().count == 1)
  }

  @Test(arguments: ReleaseRole.allCases)
  func `a device follows the rotation of any role's key`(role: ReleaseRole) throws {
    let release = try TestRelease()
    try release.add("1")
    var device = try release.device()
    try device.refresh()
    let rotated = try release.folder.rotate(
      role, replacing: role == .root ? "root-3" : nil, passphrase: "secret", release.keys(), at: TestRelease.time)
    let old = try #require(rotated.oldKeyFile)
    #expect(rotated.progress.waiting == [] && old.hasSuffix("keys/\(role.rawValue)-\(role == .root ? 3 : 1).pem"))
    try FileManager.default.removeItem(atPath: old)
    try release.add("2", seed: 0.4)
    var again = try UpdateClient(store: device.store, source: device.source, startTime: TestRelease.time)
    #expect(try again.topLevelTargets().keys.sorted() == ["packages/defects/1.blocks", "packages/defects/2.blocks"])
    #expect(again.rootVersion == (role == .halt || role == .commands ? 1 : 2))
    #expect(try release.believed().count == 2)
  }

  @Test func `a root waits for the old root's keys and its own`() throws {
    let release = try TestRelease()
    let away = try ["root-1", "root-2", "root-3"].map(release.carryAway)
    let rotated = try release.folder.rotate(.root, replacing: "root-1", passphrase: "secret", release.keys(), at: TestRelease.time)
    #expect(rotated.progress.written == [] && !rotated.progress.waiting.isEmpty)
    // The new key is at hand and has signed; of the old root's own two are missing.
    let half = try release.folder.sign(.root, with: away[1], release.keys(), at: TestRelease.time)
    #expect(half.written == [] && half.waiting.map(\.keyFiles) == [["root-1", "root-3"].map { "\(release.folder.path)/keys/\($0).pem" }])
    #expect(try release.folder.sign(.root, with: away[0], release.keys(), at: TestRelease.time).written == ["2.root.json"])
    var device = try release.device()
    try device.refresh()
    #expect(device.rootVersion == 2)
  }

  @Test func `a second new root waits until the first is signed`() throws {
    let release = try TestRelease()
    for key in ["root-1", "root-2", "root-3"] { _ = try release.carryAway(key) }
    _ = try release.folder.rotate(.timestamp, replacing: nil, passphrase: nil, release.keys(), at: TestRelease.time)
    let error = #expect(throws: ReleaseError.self) {
      try release.folder.rotate(.snapshot, replacing: nil, passphrase: nil, release.keys(), at: TestRelease.time)
    }
    #expect(error?.code == .conflict && !release.has("keys/snapshot-2.pem"))
    try release.add("1")
    #expect(try release.believed().count == 1)
  }

  @Test func `which of several keys goes must be said`() throws {
    let release = try TestRelease()
    let error = #expect(throws: ReleaseError.self) { try release.folder.rotate(.root, replacing: nil, passphrase: nil, release.keys(), at: TestRelease.time) }
    #expect(error?.message.contains("root-1, root-2, root-3") == true)
    #expect(throws: ReleaseError.self) { try release.folder.rotate(.root, replacing: "root-4", passphrase: nil, release.keys(), at: TestRelease.time) }
    #expect(!release.has("keys/root-4.pem"))
  }

  @Test(arguments: [ReleaseRole.snapshot, .halt])
  func `a rotation that fails leaves no key behind`(role: ReleaseRole) throws {
    let release = try TestRelease()
    #expect(throws: ReleaseError.self) {
      try release.folder.rotate(role, replacing: nil, passphrase: "secret", release.keys(passphrase: "wrong"), at: TestRelease.time)
    }
    #expect(!release.has("keys/\(role.rawValue)-2.pem") && !release.has("keys/\(role.rawValue)-2.pub"))
    #expect(!release.has("drafts/root.json") && !release.has("drafts/targets.json"))
  }

  @Test func `expiries come near, pass and are renewed`() throws {
    let release = try TestRelease()
    func timestamp(after days: Int64) throws -> ReleaseStatus.Role {
      let time = DateTime(seconds: TestRelease.time.seconds + days * TestRelease.day)
      return try #require(try release.folder.status(at: time).roles.first { $0.role == .timestamp })
    }
    #expect(try !timestamp(after: 22).expiresSoon && timestamp(after: 23).expiresSoon && !timestamp(after: 29).isExpired)
    #expect(try timestamp(after: 30).isExpired)
    let late = DateTime(seconds: TestRelease.time.seconds + 31 * TestRelease.day)
    #expect(throws: UpdatesError.self) { try release.believed(at: late) }
    #expect(try release.folder.renew(root: false, release.keys(), at: late).written == ["2.targets.json", "2.snapshot.json", "2.halt.json", "timestamp.json"])
    #expect(try release.believed(at: late) == [])
    #expect(try release.folder.renew(root: true, release.keys(), at: late).written == ["2.root.json"])
    let year = DateTime(seconds: late.seconds + 20 * TestRelease.day)
    #expect(try release.believed(at: year) == [])
  }

  @Test func `a halt whose key the keeper alone has is left to it`() throws {
    let release = try TestRelease()
    _ = try release.carryAway("halt-1")
    #expect(try release.folder.renew(root: false, release.keys(), at: Self.later).written == ["2.targets.json", "2.snapshot.json", "timestamp.json"])
  }

  @Test func `when all has expired, a new root brings all back`() throws {
    let release = try TestRelease()
    let late = DateTime(seconds: TestRelease.time.seconds + 400 * TestRelease.day)
    let error = #expect(throws: ReleaseError.self) { try release.folder.renew(root: false, release.keys(), at: late) }
    #expect(error?.message.contains("--root") == true)
    let progress = try release.folder.renew(root: true, release.keys(), at: late)
    #expect(progress.written == ["2.root.json", "2.targets.json", "2.snapshot.json", "2.halt.json", "timestamp.json"])
    #expect(try release.believed(at: late) == [])
  }

  @Test func `what a power cut left behind is finished by the next step`() throws {
    let release = try TestRelease()
    let timestamp = try release.file("metadata/timestamp.json")
    try release.add("1")
    // As if power had failed before the timestamp was written.
    try Data(timestamp).write(to: URL(fileURLWithPath: "\(release.folder.path)/metadata/timestamp.json"))
    #expect(try release.believed() == [])
    try release.add("2", seed: 0.4)
    #expect(try release.believed() == ["packages/defects/2.blocks"])
  }

  @Test func `a file that was changed by hand is noticed`() throws {
    let release = try TestRelease()
    var bytes = try release.file("metadata/1.targets.json")
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: "\(release.folder.path)/metadata/1.targets.json"))
    let error = #expect(throws: ReleaseError.self) { try release.folder.status(at: TestRelease.time) }
    #expect(error?.code == .damagedFolder && error?.message.contains("1.targets.json") == true)
  }

  @Test func `a halt can be added and lifted`() throws {
    let release = try TestRelease()
    try release.add("1", channels: ["line-a": "5%"])
    let halt = Halt(name: "defects", version: "1", channels: ["line-a": 0], reason: "too many\nfalse alarms")
    #expect(try release.folder.halt(halt, release.keys(), at: TestRelease.time).written == ["2.halt.json", "timestamp.json"])
    #expect(try release.folder.halt(halt, release.keys(), at: TestRelease.time).written == [])
    #expect(try release.folder.status(at: TestRelease.time).halts.map(\.reason) == ["too many\u{FFFD}false alarms"])
    #expect(try release.folder.liftHalt("defects", "1", release.keys(), at: TestRelease.time).written == ["3.halt.json", "timestamp.json"])
    #expect(throws: ReleaseError.self) { try release.folder.liftHalt("defects", "1", release.keys(), at: TestRelease.time) }
  }
}
