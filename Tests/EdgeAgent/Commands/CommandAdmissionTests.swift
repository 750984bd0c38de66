import Foundation
import Pipelines
import ReleaseAuthoring
import Testing
import Updates

@testable import EdgeAgent

@Suite struct CommandAdmissionTests {
  /// A fleet with a key for orders, and a device that trusts it.
  private final class Trial {
    let folder: TemporaryFolder
    let fleet: ReleaseFolder
    let keys: KeyChain
    let admission: CommandAdmission
    let now = DateTime(seconds: MonotonicClock.wallTime().seconds)

    init(keyCount: Int = 1) throws {
      folder = try TemporaryFolder()
      var plan = ReleasePlan()
      plan.commandsKeyCount = keyCount
      (plan.rootKeyCount, plan.rootThreshold) = (1, 1)
      fleet = try ReleaseFolder.make(folder.path + "/fleet", plan, passphrase: nil, at: now)
      keys = try KeyChain(folder: fleet.keys) { _ throws(ReleaseError) in "" }
      try FileManager.default.createDirectory(atPath: folder.path + "/updates", withIntermediateDirectories: true)
      admission = CommandAdmission(folder: folder.path + "/updates", site: "s", device: "d")
      try trust()
    }

    /// As after an update of the metadata.
    func trust() throws {
      let root = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/fleet/metadata/1.root.json")))
      var client = try UpdateClient(store: MetadataMemory(["root": root]), source: ReleaseSource.stick(ReleaseStick(folder: try exported())), startTime: now)
      admission.trust(try client.commandAuthority())
    }

    private func exported() throws -> String {
      let out = folder.path + "/\(UUID().uuidString)"
      _ = try fleet.export(to: out)
      return out
    }

    func order(at time: DateTime? = nil) throws -> [UInt8] {
      let soon = DateTime(seconds: now.seconds + 600)
      return try fleet.sign(CommandOrder("pause"), for: ["s/d"], until: soon, keys, at: time ?? now)[0].payload
    }

    func outcome(_ order: [UInt8]) -> UpdatesError.Code? {
      do throws(UpdatesError) {
        _ = try admission.admit(order)
        return nil
      } catch { return error.code }
    }
  }

  @Test func `an order is taken once, also by an agent that starts anew`() throws {
    let trial = try Trial()
    let order = try trial.order()
    #expect(trial.outcome(order) == nil && trial.outcome(order) == .rollback)
    let again = CommandAdmission(folder: trial.folder.path + "/updates", site: "s", device: "d")
    #expect(throws: UpdatesError.self) { try again.admit(order) }
    #expect(trial.outcome(try trial.order()) == nil)
  }

  @Test func `without a key that counts nothing is taken`() throws {
    let trial = try Trial()
    trial.admission.trust(nil)
    #expect(trial.outcome(try trial.order()) == .unavailable)
    try trial.trust()
    #expect(trial.outcome(try trial.order()) == nil)
  }

  @Test func `a counter that can't be read is no way to replay`() throws {
    let trial = try Trial()
    let order = try trial.order()
    #expect(trial.outcome(order) == nil)
    for text in ["", "7", "x y", "-1 y"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: trial.folder.path + "/updates/command-counter"))
      #expect(trial.outcome(order) == .damagedStore, "\(text)")
    }
  }

  @Test func `a counter that cannot be written keeps the order from being taken`() throws {
    let trial = try Trial()
    let order = try trial.order()
    try FileManager.default.createDirectory(atPath: trial.folder.path + "/updates/command-counter.new", withIntermediateDirectories: true)
    #expect(trial.outcome(order) == .storage)
    try FileManager.default.removeItem(atPath: trial.folder.path + "/updates/command-counter.new")
    #expect(trial.outcome(order) == nil)
  }

  @Test func `a counter that a thief drove up ends with his key`() throws {
    let trial = try Trial()
    let stolen = try trial.order(at: DateTime(seconds: 4_000_000_000))
    #expect(trial.outcome(stolen) == nil)
    // The fleet's own folder doesn't know of it.
    try FileManager.default.removeItem(atPath: trial.folder.path + "/fleet/command-counter")
    #expect(trial.outcome(try trial.order()) == .rollback)
    _ = try trial.fleet.rotate(.commands, replacing: nil, passphrase: nil, trial.keys, at: trial.now)
    try trial.trust()
    #expect(trial.outcome(stolen) == .unsigned)
    let order = try trial.order()
    #expect(trial.outcome(order) == nil && trial.outcome(order) == .rollback)
  }

  /// Either key can sign alone; the one that isn't at hand doesn't.
  @Test(arguments: [("commands-1", UpdatesError.Code.rollback), ("commands-2", .unsigned)])
  func `while one of the old keys still counts, what was taken before isn't taken again`(signer: String, refusal: UpdatesError.Code) throws {
    let trial = try Trial(keyCount: 2)
    let other = signer == "commands-1" ? "commands-2" : "commands-1"
    let (at, away) = (trial.folder.path + "/fleet/keys/\(other).pem", trial.folder.path + "/\(other).pem")
    try FileManager.default.moveItem(atPath: at, toPath: away)
    let (first, second) = (try trial.order(), try trial.order())
    #expect(trial.outcome(first) == nil && trial.outcome(second) == nil)
    try FileManager.default.moveItem(atPath: away, toPath: at)
    _ = try trial.fleet.rotate(.commands, replacing: "commands-2", passphrase: nil, trial.keys, at: trial.now)
    try trial.trust()
    #expect(trial.outcome(first) == refusal && trial.outcome(second) == refusal)
    #expect(trial.outcome(try trial.order()) == nil)
  }
}
