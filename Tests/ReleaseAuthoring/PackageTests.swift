import Foundation
import JSONReading
import ReleaseAuthoring
import Testing
import Updates

@Suite struct PackageTests {
  @Test func `a package that was added can be put together again from what is released`() throws {
    let release = try TestRelease()
    let added = try release.add("1.4.0", channels: ["line-a": "5%"])
    var device = try release.device()
    let target = try device.target("packages/defects/1.4.0.blocks")
    let index = try release.file("blocks/\(try #require(target.hashes.texts["sha256"]))")
    try target.check(index)
    let package = try PackageBlocks.assemble(BlockIndex(index)) { contents(of: "\(release.folder.path)/blocks/\($0)") }
    #expect(package == [UInt8](try Data(contentsOf: URL(fileURLWithPath: try release.package()))))
    let custom = try #require(target.custom)
    #expect(custom["package"]["name"] == .string("defects") && custom["package"]["version"] == .string("1.4.0"))
    #expect(custom["package"]["release"] == .number("1") && custom["package"]["bytes"] == .number("\(package.count)"))
    #expect(custom["package"]["sha256"] == .string(added.package.digest) && custom["channels"]["line-a"] == .number("500"))
    #expect(custom["package"]["agent"] == .null)
  }

  @Test func `release numbers grow by name, and never come again`() throws {
    let release = try TestRelease()
    #expect(try release.add("1").package.release == 1)
    #expect(try release.add("2", seed: 0.4).package.release == 2)
    _ = try release.folder.withdraw("defects", "2", release.keys(), at: TestRelease.time)
    #expect(try release.believed() == ["packages/defects/1.blocks"])
    #expect(try release.add("3", seed: 0.4).package.release == 3)
    let other = try release.folder.add(release.package("other"), PackageOptions(), release.keys(), at: TestRelease.time)
    #expect(other.package.release == 1 && other.package.version == "1")
  }

  @Test func `blocks that the folder has are counted as shared`() throws {
    let release = try TestRelease()
    let first = try release.add("1")
    #expect(first.newBlockCount == first.blockCount && first.newByteCount == first.downloadByteCount)
    let second = try release.add("2", seed: 0.4)
    #expect(second.newBlockCount < second.blockCount && second.newBlockCount > 0)
  }

  @Test func `a version is released once`() throws {
    let release = try TestRelease()
    try release.add("1")
    for seed in [Float(0.3), 0.4] {
      let error = #expect(throws: ReleaseError.self) { try release.add("1", seed: seed) }
      #expect(error?.code == .alreadyThere)
    }
  }

  @Test func `what is no package is refused, and nothing is written`() throws {
    let release = try TestRelease()
    let file = release.parent.appendingPathComponent("no.swiftlet").path
    try Data("no package".utf8).write(to: URL(fileURLWithPath: file))
    let error = #expect(throws: ReleaseError.self) { try release.folder.add(file, PackageOptions(), release.keys(), at: TestRelease.time) }
    #expect(error?.code == .unfitPackage && error?.message.contains(file) == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(release.folder.path)/blocks") == [])
    #expect(!release.has("metadata/2.targets.json"))
  }

  @Test(arguments: ["", "a b", "a/b", "ü", String(repeating: "x", count: 65), "a\n"])
  func `names that can't stand in paths and topics are refused`(name: String) throws {
    let release = try TestRelease()
    #expect(throws: ReleaseError.self) { try release.add(name) }
    #expect(throws: ReleaseError.self) { try release.add("1", channels: [name: "5%"]) }
  }

  @Test(
    arguments: [(".x", "1", nil), ("-x", "1", nil), ("_x", "1", nil), ("x", ".1", nil), ("x", "1", "new"), ("x", "1", "1.2.3.4")] as [(String, String, String?)]
  )
  func `what devices couldn't read isn't released`(name: String, version: String, agent: String?) throws {
    let release = try TestRelease()
    var options = PackageOptions()
    (options.version, options.agent) = (version, agent)
    let error = #expect(throws: ReleaseError.self) { try release.folder.add(release.package(name), options, release.keys(), at: TestRelease.time) }
    #expect(error?.code == .invalid)
    #expect(try release.folder.status(at: TestRelease.time).packages.isEmpty)
  }

  @Test func `shares are staged, promoted and withdrawn`() throws {
    let release = try TestRelease()
    let (folder, time) = (release.folder, TestRelease.time)
    try release.add("1", channels: ["line-a": "5%"])
    func channels() throws -> [String: Int]? { try folder.status(at: time).packages.first?.channels }
    _ = try folder.stage("defects", "1", channel: "line-b", share: Share("0.25%"), release.keys(), at: time)
    #expect(try channels() == ["line-a": 500, "line-b": 25])
    _ = try folder.promote("defects", "1", channel: "line-b", release.keys(), at: time)
    #expect(try channels() == ["line-a": 500, "line-b": 10_000])
    _ = try folder.promote("defects", "1", channel: nil, release.keys(), at: time)
    #expect(try channels() == ["line-a": 10_000, "line-b": 10_000])
    #expect(try release.believed().count == 1)
    _ = try folder.withdraw("defects", "1", release.keys(), at: time)
    #expect(try release.believed() == [])
    let error = #expect(throws: ReleaseError.self) { try folder.withdraw("defects", "1", release.keys(), at: time) }
    #expect(error?.code == .notThere)
  }

  @Test func `a package on no channel can't be promoted without saying where`() throws {
    let release = try TestRelease()
    try release.add("1")
    let error = #expect(throws: ReleaseError.self) { try release.folder.promote("defects", "1", channel: nil, release.keys(), at: TestRelease.time) }
    #expect(error?.message.contains("--channel") == true)
  }

  @Test(arguments: [("0%", 0), ("5%", 500), ("0.25%", 25), ("12.3%", 1230), ("100%", 10_000), ("100.00%", 10_000)])
  func `a share is read and written`(text: String, points: Int) throws {
    #expect(try Share(text).basisPoints == points)
    #expect(try Share(Share(text).description).basisPoints == points)
  }

  @Test(arguments: ["", "%", "5", "-5%", "100.01%", "101%", "1.234%", "5 %", "1e1%", ".5%", "5.%", "٥%"])
  func `what is no share is refused`(text: String) {
    #expect(throws: ReleaseError.self) { try Share(text) }
  }

  @Test func `an export has what the release needs, and nothing else`() throws {
    let release = try TestRelease()
    try release.add("1")
    try release.add("2", seed: 0.4)
    _ = try release.folder.withdraw("defects", "1", release.keys(), at: TestRelease.time)
    _ = try release.folder.rotate(.timestamp, replacing: nil, passphrase: nil, release.keys(), at: TestRelease.time)
    let out = release.parent.appendingPathComponent("out").path
    let total = try release.folder.export(to: out)
    let metadata = try FileManager.default.contentsOfDirectory(atPath: "\(out)/metadata").sorted()
    #expect(metadata == ["halt.1", "root.2", "snapshot.4", "targets.4", "timestamp"])
    let blocks = try FileManager.default.contentsOfDirectory(atPath: "\(out)/blocks")
    #expect(blocks.count + metadata.count == total.fileCount)
    let index = try BlockIndex(#require(contents(of: "\(out)/blocks/\(release.folder.status(at: TestRelease.time).packages[0].indexDigest)")))
    #expect(Set(blocks) == Set(index.blocks.map(\.digest.hex) + [index.digest.hex]))
    #expect(throws: ReleaseError.self) { try release.folder.export(to: out) }
  }
}
