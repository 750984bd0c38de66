import Cryptography
import Foundation
import JSONReading
import ReleaseAuthoring
import TestPackages
import Updates

/// A release folder of a test's own, and what a device makes of it.
final class TestRelease {
  static let time = DateTime(seconds: 1_800_000_000)
  static let day: Int64 = 86_400

  let parent: URL
  let folder: ReleaseFolder

  init(_ adjust: (inout ReleasePlan) -> Void = { _ in }, passphrase: String? = "secret") throws {
    parent = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-release-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    var plan = ReleasePlan()
    adjust(&plan)
    folder = try ReleaseFolder.make(parent.appendingPathComponent("fleet").path, plan, passphrase: passphrase, at: Self.time)
  }

  deinit { try? FileManager.default.removeItem(at: parent) }

  func keys(_ files: [String] = [], passphrase: String = "secret") throws -> KeyChain {
    try KeyChain(folder: folder.keys, files: files) { _ throws(ReleaseError) in passphrase }
  }

  /// Writes a package whose weights differ by `seed`.
  func package(_ name: String = "defects", seed: Float = 0.3) throws -> String {
    let file = parent.appendingPathComponent("\(name)-\(seed).swiftlet").path
    // Encoding a manifest twice gives its members in another order.
    guard !FileManager.default.fileExists(atPath: file) else { return file }
    try Data(FixedPackage.bytes(name: name, threshold: seed)).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  func add(_ version: String, seed: Float = 0.3, channels: [String: String] = [:], at time: DateTime = time) throws -> AddedPackage {
    var options = PackageOptions()
    options.version = version
    options.channels = try channels.mapValues { try Share($0) }
    return try folder.add(package(seed: seed), options, keys(), at: time)
  }

  func carryAway(_ key: String) throws -> String {
    let away = parent.appendingPathComponent("\(key).pem").path
    try FileManager.default.moveItem(atPath: "\(folder.path)/keys/\(key).pem", toPath: away)
    return away
  }

  func file(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))) }

  /// A timestamp that its stolen key has signed over a halt file of the thief's own.
  func forgedTimestamp(version: Int, naming halt: [UInt8], version haltVersion: Int) throws -> [UInt8] {
    let pem = String(decoding: try file("keys/timestamp-1.pem"), as: UTF8.self)
    let key = try PrivateKey(pem: pem, passphrase: "secret")
    let old = try JSONParser.parse(file("metadata/timestamp.json"))
    guard case .object(var signed) = old["signed"], case .array(let signatures) = old["signatures"] else { throw ReleaseError(.damagedFolder, "") }
    signed["version"] = .number("\(version)")
    signed["halt"] = .object([
      "version": .number("\(haltVersion)"), "length": .number("\(halt.count)"), "hashes": .object(["sha256": .string(SHA256.digest(of: halt).hex)]),
    ])
    let signature = try key.signature(of: JSONValue.object(signed).canonicalBytes())
    let entry = JSONValue.object(["keyid": signatures[0]["keyid"], "sig": .string(Hexadecimal.text(signature))])
    return try JSONValue.object(["signed": .object(signed), "signatures": .array([entry])]).canonicalBytes()
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder.path)/\(name)") }

  /// A device that was given the first root, and what it finds today.
  func device(at time: DateTime = time) throws -> UpdateClient<Memory, Files> {
    try UpdateClient(store: Memory(files: ["root": file("metadata/1.root.json")]), source: Files(folder: folder.path), startTime: time)
  }

  /// Versions that a new device believes in.
  func believed(at time: DateTime = time) throws -> [String] {
    var device = try device(at: time)
    return try device.topLevelTargets().keys.sorted()
  }

  struct Memory: MetadataStore {
    var files: [String: [UInt8]]
    func load(_ role: String) -> [UInt8]? { files[role] }
    mutating func save(_ role: String, _ bytes: [UInt8]) { files[role] = bytes }
    mutating func remove(_ role: String) { files[role] = nil }
  }

  struct Files: MetadataSource {
    let folder: String
    func metadata(_ role: String, version: Int?, limit: Int) -> [UInt8]? {
      contents(of: "\(folder)/metadata/\(version.map { "\($0)." } ?? "")\(role).json")
    }
  }
}

extension JSONValue {
  subscript(name: String) -> JSONValue {
    guard case .object(let members) = self else { return .null }
    return members[name] ?? .null
  }
}
