import Cryptography
import Foundation
import JSONReading
import ReleaseAuthoring
import Testing
import Updates

@Suite struct CreationTests {
  @Test func `a new folder stands before a device, and its roles hold as long as stated`() throws {
    let release = try TestRelease()
    #expect(try release.believed() == [])
    let status = try release.folder.status(at: TestRelease.time)
    for role in status.roles {
      let days: Int64 = role.role == .timestamp ? 30 : 365
      #expect(role.expires == DateTime(seconds: TestRelease.time.seconds + days * TestRelease.day), "\(role.role)")
      #expect(role.version == 1 && role.threshold == (role.role == .root ? 2 : 1) && !role.expiresSoon && !role.isExpired, "\(role.role)")
    }
  }

  @Test func `lifetimes that were set are kept`() throws {
    let release = try TestRelease { plan in try? plan.lifetimes.set("timestamp=36h") }
    func expiry() throws -> DateTime? { try release.folder.status(at: TestRelease.time).roles.first { $0.role == .timestamp }?.expires }
    #expect(try expiry() == DateTime(seconds: TestRelease.time.seconds + 36 * 3600))
    _ = try ReleaseFolder(release.folder.path).renew(root: false, release.keys(), at: DateTime(seconds: TestRelease.time.seconds + 100))
    #expect(try expiry() == DateTime(seconds: TestRelease.time.seconds + 100 + 36 * 3600))
  }

  @Test(arguments: ["timestamp", "timestamp=", "timestamp=5", "timestamp=0d", "timestamp=-1d", "timestamp=3651d", "mirrors=1d", "timestamp=1w", "=1d"])
  func `a lifetime that can't be is refused`(text: String) {
    var lifetimes = Lifetimes()
    #expect(throws: ReleaseError.self) { try lifetimes.set(text) }
  }

  @Test func `private keys are encrypted, and only their owner may read them`() throws {
    let release = try TestRelease()
    for name in ["root-1", "root-2", "root-3", "targets-1", "snapshot-1", "timestamp-1", "halt-1"] {
      let path = "\(release.folder.path)/keys/\(name).pem"
      #expect(try String(contentsOfFile: path, encoding: .utf8).contains("BEGIN ENCRYPTED PRIVATE KEY"))
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }
    let error = #expect(throws: ReleaseError.self) { try release.folder.renew(root: false, release.keys(passphrase: "wrong"), at: TestRelease.time) }
    #expect(error?.code == .unusableKey && error?.message.contains("keys/targets-1.pem") == true)
  }

  @Test func `one passphrase for all keys is asked for once, another one again`() throws {
    let release = try TestRelease()
    _ = try release.folder.rotate(.snapshot, replacing: nil, passphrase: "other", release.keys(), at: TestRelease.time)
    var asked: [String] = []
    let keys = try KeyChain(folder: release.folder.keys) { file throws(ReleaseError) in
      asked.append(String(file.split(separator: "/").last ?? ""))
      return file.contains("snapshot") ? "other" : "secret"
    }
    #expect(try release.folder.renew(root: false, keys, at: TestRelease.time).written.count == 4)
    #expect(asked == ["targets-1.pem", "snapshot-2.pem", "halt-1.pem"])
  }

  @Test func `keys may be left open where that is said`() throws {
    let release = try TestRelease(passphrase: nil)
    #expect(try String(contentsOfFile: "\(release.folder.path)/keys/root-1.pem", encoding: .utf8).hasPrefix("-----BEGIN PRIVATE KEY-----"))
    let keys = try KeyChain(folder: release.folder.keys) { file throws(ReleaseError) in throw ReleaseError(.unusableKey, "nobody asks for \(file)") }
    #expect(try release.folder.renew(root: false, keys, at: TestRelease.time).written.count == 4)
  }

  @Test func `a folder with something in it is left alone`() throws {
    let release = try TestRelease()
    let before = try release.file("metadata/1.root.json")
    let error = #expect(throws: ReleaseError.self) {
      try ReleaseFolder.make(release.folder.path, ReleasePlan(), passphrase: nil, at: TestRelease.time)
    }
    #expect(error?.code == .alreadyThere)
    #expect(try release.file("metadata/1.root.json") == before)
  }

  @Test func `two processes don't change a folder at once`() throws {
    let release = try TestRelease()
    try release.folder.lockUntilExit()
    let error = #expect(throws: ReleaseError.self) { try ReleaseFolder(release.folder.path).lockUntilExit() }
    #expect(error?.code == .conflict && error?.message.contains(release.folder.path) == true)
  }

  @Test(arguments: [(0, 0), (3, 4), (3, 0), (17, 2)])
  func `a threshold that keys can't reach is refused before anything is made`(count: Int, threshold: Int) {
    #expect(throws: ReleaseError.self) {
      try TestRelease { plan in (plan.rootKeyCount, plan.rootThreshold) = (count, threshold) }
    }
  }

  @Test func `what is no release folder is named so, with what to do`() {
    let error = #expect(throws: ReleaseError.self) { try ReleaseFolder("/tmp") }
    #expect(error?.message.contains("swiftlet release init") == true)
  }

  @Test func `a key's id is the one that the reference implementation gives it`() throws {
    let release = try TestRelease()
    let root = try JSONParser.parse(release.file("metadata/1.root.json"))
    guard case .object(let keys) = root["signed"]["keys"] else { throw ReleaseError(.damagedFolder, "no keys") }
    #expect(keys.count == 6)
    for (id, key) in keys {
      guard case .string(let hex) = key["keyval"]["public"] else { throw ReleaseError(.damagedFolder, "no key") }
      // Canonical JSON of the key by hand: names in order, no space.
      let text = "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"\(hex)\"},\"scheme\":\"ed25519\"}"
      #expect(id == SHA256.digest(of: Array(text.utf8)).hex)
    }
  }
}
