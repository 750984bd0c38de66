import Cryptography
import JSONReading
import Testing

@testable import Updates

@Suite struct ReleaseOfferTests {
  private func target(_ path: String, _ custom: String) throws -> Target {
    let text = #"{"length":0,"hashes":{"sha256":"\#(SHA256.digest(of: []))"},"custom":\#(custom)}"#
    return try Target(path: path, MetadataFields(try JSONParser.parse(Array(text.utf8)), place: path))
  }

  private func package(_ version: String, release: Int, _ channels: String, name: String = "m") throws -> ReleasedPackage {
    try ReleasedPackage(
      try target(
        "packages/\(name)/\(version).blocks",
        #"{"package":{"name":"\#(name)","version":"\#(version)","release":\#(release),"sha256":"\#(SHA256.digest(of: [UInt8(release)]))","bytes":1},"channels":\#(channels)}"#
      ))
  }

  private func halt(_ version: String, _ channels: String) throws -> Halt {
    try Halt(try target("halt/m/\(version)", #"{"channels":\#(channels),"reason":"r"}"#))
  }

  private let group = DeviceGroup(channel: "a", site: "plant-a", device: "line-3")

  @Test func `a device's bucket is the first eight bytes of its name's digest`() {
    let head = SHA256.digest(of: Array("plant-a/line-3".utf8)).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    #expect(group.bucket == Int(head % 10_000))
  }

  @Test func `buckets of many devices are spread evenly`() {
    let early = (0..<10_000).filter { DeviceGroup(channel: "a", site: "s", device: "d\($0)").bucket < 500 }.count
    #expect((400...600).contains(early), "\(early) of 10,000 devices are among the first 5 %")
  }

  @Test func `the highest release that is meant for the device is the choice`() throws {
    let bucket = group.bucket
    let packages = [
      try package("1", release: 1, #"{"a":10000}"#), try package("3", release: 3, #"{"a":\#(bucket)}"#), try package("2", release: 2, #"{"a":\#(bucket + 1)}"#),
      try package("4", release: 4, #"{"b":10000}"#), try package("9", release: 9, #"{"a":10000}"#, name: "other"),
    ]
    #expect(ReleaseOffer(packages: packages, halts: []).choice(of: "m", for: group)?.version == "2")
    #expect(ReleaseOffer(packages: packages, halts: []).choice(of: "none", for: group) == nil)
    // What failed here leaves the choice to the next.
    #expect(ReleaseOffer(packages: packages, halts: []).choice(of: "m", for: group, failed: [packages[2].digest])?.version == "1")
    #expect(ReleaseOffer(packages: packages, halts: [try halt("2", #"{"a":0}"#)]).choice(of: "m", for: group)?.version == "1")
  }

  @Test func `a halt narrows and never widens`() throws {
    let packages = [try package("1", release: 1, #"{"a":0,"b":5000}"#)]
    let offer = ReleaseOffer(packages: packages, halts: [try halt("1", #"{"a":10000,"b":100,"c":10000}"#)])
    #expect(offer.shares(of: packages[0]) == ["a": 0, "b": 100])
    #expect(offer.choice(of: "m", for: group) == nil)
    #expect(offer.halt(of: packages[0])?.reason == "r")
  }

  @Test(arguments: [
    #"{"package":{"name":"m","version":"2","release":1,"sha256":"00","bytes":1},"channels":{}}"#,
    #"{"package":{"name":"n","version":"1","release":1,"sha256":"SHA","bytes":1},"channels":{}}"#,
    #"{"package":{"name":"m","version":"1","release":0,"sha256":"SHA","bytes":1},"channels":{}}"#,
    #"{"package":{"name":"m","version":"1","release":1,"sha256":"SHA","bytes":0},"channels":{}}"#,
    #"{"package":{"name":"m","version":"1","release":1,"sha256":"SHA","bytes":1}}"#,
    #"{"package":{"name":"m","version":"1","release":1,"sha256":"SHA","bytes":1},"channels":{"a":10001}}"#,
    #"{"package":{"name":"m","version":"1","release":1,"sha256":"SHA","bytes":1},"channels":{"a":-1}}"#,
    #"{"package":{"name":"m","version":"1","release":1,"sha256":"SHA","bytes":1,"agent":"new"},"channels":{}}"#, "7",
  ])
  func `what is no package's is refused`(custom: String) throws {
    let full = custom.replacing("SHA", with: SHA256.digest(of: []).hex)
    #expect(throws: UpdatesError.self) { try ReleasedPackage(target("packages/m/1.blocks", full)) }
  }

  @Test(arguments: [("0.1.0", "0.1.0", false), ("0.1.0", "0.2", true), ("0.10.0", "0.9.9", false), ("1", "1.0.1", true)])
  func `agents' versions are compared by number`(one: String, other: String, isOlder: Bool) throws {
    let (first, second) = (try #require(AgentRelease(one)), try #require(AgentRelease(other)))
    #expect((first < second) == isOlder)
  }

  @Test(arguments: ["", "1.x", "1.2.3.4", "-1", "1..2"]) func `what is no agent's version`(text: String) { #expect(AgentRelease(text) == nil) }

  @Test(arguments: [
    ("a", true), ("A-b_c.1", true), (String(repeating: "x", count: 64), true), (String(repeating: "x", count: 65), false), ("", false),
    (".a", false), ("a/b", false), ("ü", false), ("a b", false),
  ])
  func `names stand in paths and topics`(name: String, isGood: Bool) { #expect(isReleaseName(name) == isGood) }
}

@Suite struct TrustedClockTests {
  @Test func `time never goes behind the last update that succeeded, over restarts`() throws {
    let folder = try TemporaryFolder()
    var clock = TrustedClock(path: folder.path + "/time")
    let (early, late) = (DateTime(seconds: 1_000), DateTime(seconds: 2_000_000_000))
    #expect(clock.time(early) == early)
    try clock.raise(to: late)
    #expect(clock.time(early) == late)
    let again = TrustedClock(path: folder.path + "/time")
    #expect(again.time(early) == late)
    #expect(again.time(DateTime(seconds: 2_000_000_001)).seconds == 2_000_000_001)
    try clock.raise(to: early)
    #expect(clock.floor == late)
  }
}
