import Cryptography
import Foundation
import JSONReading
import Testing
import Updates

@testable import ReleaseAuthoring

/// Orders to devices: what a folder signs, before the trust core of a device.
@Suite struct CommandTests {
  private let soon = DateTime(seconds: TestRelease.time.seconds + 600)
  private let pause = CommandOrder("pause", of: "surface", reason: "new\u{1B}tool")

  private func authority(_ release: TestRelease, at time: DateTime = TestRelease.time) throws -> CommandAuthority {
    var device = try release.device(at: time)
    return try #require(try device.commandAuthority())
  }

  private func sign(
    _ release: TestRelease, _ device: String = "plant-a/line-3", files: [String] = [], at time: DateTime = TestRelease.time
  ) throws -> DeviceCommand {
    try release.folder.sign(pause, for: [device], until: DateTime(seconds: time.seconds + 600), release.keys(files), at: time)[0]
  }

  private func outcome(
    _ bytes: [UInt8], _ authority: CommandAuthority, after last: Int = 0, at time: DateTime = TestRelease.time
  ) -> UpdatesError.Code? {
    do throws(UpdatesError) {
      _ = try authority.command(in: bytes, for: "plant-a/line-3", after: last, at: time)
      return nil
    } catch { return error.code }
  }

  @Test func `a device reads what was signed for it, once`() throws {
    let release = try TestRelease()
    let (order, authority) = (try sign(release), try authority(release))
    let command = try authority.command(in: order.payload, for: "plant-a/line-3", after: 0, at: TestRelease.time)
    #expect(command.name == "pause" && command.subject == "surface" && command.reason == "new\u{FFFD}tool" && command.expires == soon)
    #expect(command.counter == order.counter && order.topic == "swiftlet/v1/plant-a/line-3/command")
    #expect(outcome(order.payload, authority, after: order.counter) == .rollback)
    #expect(outcome(order.payload, authority, after: order.counter + 9) == .rollback)
    #expect(outcome(order.payload, authority, after: order.counter - 1) == nil)
  }

  @Test func `counters grow by themselves, and with the time`() throws {
    let release = try TestRelease()
    let later = DateTime(seconds: TestRelease.time.seconds + 10)
    let counters = [try sign(release), try sign(release), try sign(release, at: later)].map(\.counter)
    #expect(counters == [Int(TestRelease.time.seconds), Int(TestRelease.time.seconds) + 1, Int(later.seconds)])
    // A clock that is wrong makes none that is smaller.
    #expect(try sign(release, at: TestRelease.time).counter == Int(later.seconds) + 1)
    try Data("x".utf8).write(to: URL(fileURLWithPath: release.folder.path + "/command-counter"))
    #expect(throws: ReleaseError.self) { try sign(release) }
  }

  @Test func `another device's, an expired and a spoilt one are refused`() throws {
    let release = try TestRelease()
    let authority = try authority(release)
    let order = try sign(release)
    #expect(outcome(try sign(release, "plant-a/line-4").payload, authority) == .mismatch)
    #expect(outcome(order.payload, authority, at: soon) == .expired)
    #expect(outcome(order.payload, authority, at: DateTime(seconds: soon.seconds - 1)) == nil)
    let text = String(decoding: order.payload, as: UTF8.self)
    for (old, new) in [("pause", "resume"), ("surface", "surfacf"), ("line-3", "line-3 "), ("\"counter\":", "\"counter\":1")] {
      #expect(outcome(Array(text.replacingOccurrences(of: old, with: new).utf8), authority) == .unsigned, "\(old)")
    }
    for count in 0..<order.payload.count { #expect(outcome(Array(order.payload[..<count]), authority) == .malformed) }
    #expect(outcome(order.payload + [UInt8](repeating: 0x20, count: SignedCommand.largestByteCount), authority) == .tooLong)
  }

  @Test(arguments: ["targets-1", "snapshot-1", "timestamp-1", "halt-1", "root-1"])
  func `another role's key commands nothing`(name: String) throws {
    let release = try TestRelease()
    let authority = try authority(release)
    let key = try PrivateKey(pem: String(decoding: try release.file("keys/\(name).pem"), as: UTF8.self), passphrase: "secret")
    let command = SignedCommand(name: "pause", device: "plant-a/line-3", counter: 1, expires: soon)
    var file = SignedFile(command.signed)
    for id in [KeyJSON.identifier(of: key.publicKey), try #require(try release.folder.state().targets.content.commands?.keyIDs.first)] {
      file.signatures = [:]
      try file.sign(id, with: key, file: "")
      #expect(outcome(file.bytes, authority) == .unsigned)
    }
  }

  @Test func `where two keys must sign, one isn't enough`() throws {
    let release = try TestRelease { ($0.commandsKeyCount, $0.commandsThreshold) = (2, 2) }
    let authority = try authority(release)
    let order = try sign(release)
    #expect(outcome(order.payload, authority) == nil)
    let away = try release.carryAway("commands-2")
    #expect { try sign(release) } throws: { ($0 as? ReleaseError)?.message.contains("commands-2.pem") == true }
    #expect(outcome(try sign(release, files: [away]).payload, authority) == nil)
    guard case .object(var members) = try JSONParser.parse(order.payload), case .array(let signatures)? = members["signatures"] else {
      Issue.record("the order is no object")
      return
    }
    members["signatures"] = .array([signatures[0]])
    #expect(outcome(try JSONValue.object(members).canonicalBytes(), authority) == .unsigned)
    let twice = "{\"schema\":1,\"signatures\":[\(try text(signatures[0])),\(try text(signatures[0]))],\"signed\":\(try text(try #require(members["signed"])))}"
    #expect(outcome(Array(twice.utf8), authority) == .malformed)
  }

  private func text(_ value: JSONValue) throws -> String { String(decoding: try value.canonicalBytes(), as: UTF8.self) }

  @Test func `a key that was rotated away commands nothing once a device has heard of it`() throws {
    let release = try TestRelease()
    let old = try sign(release)
    let before = try authority(release)
    _ = try release.folder.rotate(.commands, replacing: nil, passphrase: "secret", release.keys(), at: TestRelease.time)
    let after = try authority(release)
    #expect(outcome(old.payload, before) == nil && outcome(old.payload, after) == .unsigned)
    #expect(outcome(try sign(release).payload, after) == nil)
  }

  @Test func `without a key for commands nobody gives any, until one is made`() throws {
    let release = try TestRelease { $0.commandsKeyCount = 0 }
    var device = try release.device()
    #expect(try device.commandAuthority() == nil)
    #expect { try sign(release) } throws: { ($0 as? ReleaseError)?.message.contains("rotate-key") == true }
    let made = try release.folder.rotate(.commands, replacing: nil, passphrase: "secret", release.keys(), at: TestRelease.time)
    #expect(made.oldKeyFile == nil && made.newKeyFile.hasSuffix("commands-1.pem"))
    #expect(outcome(try sign(release).payload, try authority(release)) == nil)
  }

  @Test func `what vouches for the key must not be expired`() throws {
    let release = try TestRelease()
    let authority = try authority(release)
    // The timestamp's, the shortest lifetime.
    let end = DateTime(seconds: TestRelease.time.seconds + 30 * TestRelease.day)
    #expect(authority.expires == end)
    let order = try release.folder.sign(pause, for: ["plant-a/line-3"], until: DateTime(seconds: end.seconds + 600), release.keys(), at: TestRelease.time)[0]
    #expect(outcome(order.payload, authority, at: DateTime(seconds: end.seconds - 1)) == nil)
    #expect(outcome(order.payload, authority, at: end) == .expired)
  }

  @Test func `metadata that are kept say the same without a broker, and only while they hold`() throws {
    let release = try TestRelease()
    var device = try release.device()
    _ = try device.commandAuthority()
    func kept(_ files: [String: [UInt8]], at time: DateTime) throws(UpdatesError) -> CommandAuthority? {
      let store = TestRelease.Memory(files: files)
      var client = try UpdateClient(store: store, source: KeptMetadata(store), startTime: time)
      return try client.commandAuthority()
    }
    let files = device.store.files
    let order = try sign(release)
    #expect(outcome(order.payload, try #require(try kept(files, at: TestRelease.time))) == nil)
    #expect(throws: UpdatesError.self) { try kept(files, at: DateTime(seconds: TestRelease.time.seconds + 30 * TestRelease.day)) }
    for role in ["timestamp", "snapshot", "targets"] {
      var fewer = files
      fewer[role] = nil
      #expect(throws: UpdatesError.self, "\(role)") { try kept(fewer, at: TestRelease.time) }
      fewer[role] = try #require(files[role]).map { $0 == UInt8(ascii: "1") ? UInt8(ascii: "2") : $0 }
      #expect(throws: UpdatesError.self, "\(role)") { try kept(fewer, at: TestRelease.time) }
    }
  }

  @Test(arguments: ["line-3", "plant-a/", "plant-a/+", "#/line-3", "plant-a/line-3/x", ""])
  func `what is no device is named`(device: String) throws {
    let release = try TestRelease()
    #expect { try sign(release, device) } throws: { ($0 as? ReleaseError)?.message.contains("SITE/DEVICE") == true }
  }

  @Test(arguments: ["", "a b", "a/b", "\u{7}", String(repeating: "a", count: 65)]) func `what is no name isn't signed`(subject: String) throws {
    let release = try TestRelease()
    #expect(throws: ReleaseError.self) {
      try release.folder.sign(CommandOrder("pause", of: subject), for: ["plant-a/line-3"], until: soon, release.keys(), at: TestRelease.time)
    }
    #expect(!release.has("command-counter"))
  }

  @Test(arguments: [
    #"{"_type":"targets","command":"pause","device":"s/d","counter":1,"expires":"2030-01-01T00:00:00Z"}"#,
    #"{"_type":"command","device":"s/d","counter":1,"expires":"2030-01-01T00:00:00Z"}"#,
    #"{"_type":"command","command":"pause","device":"s/d","counter":0,"expires":"2030-01-01T00:00:00Z"}"#,
    #"{"_type":"command","command":"pause","device":"s/d","counter":99999999999999999999,"expires":"2030-01-01T00:00:00Z"}"#,
    #"{"_type":"command","command":"pause","device":"s/d","counter":1,"expires":"tomorrow"}"#,
    #"{"_type":"command","command":"pause","device":"s/d","counter":1,"expires":"2030-01-01T00:00:00Z","subject":7}"#,
    #"{"_type":"command","command":"pause","device":"s/d","counter":1,"expires":"2030-01-01T00:00:00Z","more":true}"#,
    #"["_type"]"#,
  ])
  func `what is signed and no command is malformed`(text: String) throws {
    let value = try JSONParser.parse(Array(text.utf8))
    #expect { try SignedCommand(value) } throws: { ($0 as? UpdatesError)?.code == .malformed }
  }
}
