import Foundation
import MQTTTransport
import ReleaseAuthoring
import TestBroker
import Testing
import Updates

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(2))) struct PublishingTests {
  static let root = "swiftlet/v1/releases"

  @Test func `what is published comes in an order in which nothing speaks of what isn't there, and once`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.add("1", channels: ["line-a": "5%"])
    _ = try release.folder.rotate(.snapshot, replacing: nil, passphrase: "secret", release.keys(), at: TestRelease.time)
    let watcher = try TopicWatcher(broker.url)
    let first = try release.publish(to: broker)
    let topics = try watcher.published(until: "metadata/timestamp")
    #expect(topics == first.published && first.presentCount == 0)
    let blocks = topics.prefix { $0.hasPrefix("blocks/") }
    #expect(topics.dropFirst(blocks.count) == ["metadata/root.2", "metadata/targets.2", "metadata/snapshot.3", "metadata/halt.1", "metadata/timestamp"])
    #expect(blocks.last == "blocks/\(try release.folder.status(at: TestRelease.time).packages[0].indexDigest)")
    let second = try release.publish(to: broker)
    #expect(second.published == [] && second.presentCount == first.published.count)
  }

  @Test func `blocks that versions share travel once, and spoilt ones are mended`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.add("1")
    let first = try release.publish(to: broker)
    let added = try release.add("2", seed: 0.4)
    let second = try release.publish(to: broker)
    #expect(second.published.count { $0.hasPrefix("blocks/") } == added.newBlockCount + 1)
    let victim = try #require(first.published.first)
    let session = try BrokerSession(TestRelease.settings(broker))
    try session.publish([("\(Self.root)/\(victim)", [1, 2, 3])])
    session.close()
    #expect(try release.publish(to: broker).published == [victim])
  }

  @Test func `sweeping leaves what the release needs, and every root`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.add("1")
    try release.publish(to: broker)
    let old = try release.folder.status(at: TestRelease.time).packages[0].indexDigest
    try release.add("2", seed: 0.4)
    _ = try release.folder.withdraw("defects", "1", release.keys(), at: TestRelease.time)
    _ = try release.folder.rotate(.targets, replacing: nil, passphrase: "secret", release.keys(), at: TestRelease.time)
    #expect(try release.publish(to: broker).swept == [])
    let swept = try release.publish(to: broker, sweeping: true).swept
    #expect(swept.contains("blocks/\(old)") && swept.contains("metadata/targets.2") && swept.contains("metadata/snapshot.2"))
    #expect(!swept.contains { $0.hasPrefix("metadata/root.") || $0 == "metadata/halt.1" })
    let session = try BrokerSession(TestRelease.settings(broker))
    defer { session.close() }
    let left = try session.retainedTopics("\(Self.root)/blocks/+") + session.retainedTopics("\(Self.root)/metadata/+")
    let out = release.parent.appendingPathComponent("out").path
    #expect(try left.count == release.folder.export(to: out).fileCount)
    #expect(try release.publish(to: broker, sweeping: true).swept == [])
  }

  @Test func `thousands of blocks are swept, too`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.publish(to: broker)
    let session = try BrokerSession(TestRelease.settings(broker))
    try session.publish((0..<3000).map { ("\(Self.root)/blocks/\($0)", [UInt8](repeating: 7, count: 500)) })
    #expect(try release.publish(to: broker, sweeping: true).swept.count == 3000)
    #expect(try session.retainedTopics("\(Self.root)/blocks/+") == [])
    session.close()
  }

  @Test func `a keeper's newer timestamp and halt are taken over`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.add("1", channels: ["line-a": "100%"])
    let keeper = try release.copy("keeper")
    _ = try keeper.halt(Halt(name: "defects", version: "1", channels: ["line-a": 0], reason: "7 of 20 failed"), release.keys(), at: TestRelease.time)
    _ = try keeper.renewedTimestamp(release, times: 3)
    _ = try release.publish(to: broker, keeper)
    try release.add("2", seed: 0.4, channels: ["line-a": "5%"])
    let report = try release.publish(to: broker)
    // The keeper's timestamp was version 6: three times renewed, once for the halt, on top of 2.
    #expect(report.timestampVersion == 7 && report.takenOver == ["2.halt.json", "timestamp.json"])
    #expect(try release.folder.status(at: TestRelease.time).halts.map(\.reason) == ["7 of 20 failed"])
    #expect(try release.believed().count == 2)
  }

  @Test func `halts of both sides stay`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    let keeper = try release.copy("keeper")
    _ = try keeper.halt(Halt(name: "a", version: "1", channels: ["x": 0], reason: "theirs"), release.keys(), at: TestRelease.time)
    _ = try release.publish(to: broker, keeper)
    _ = try release.folder.halt(Halt(name: "a", version: "1", channels: ["y": 0], reason: "ours"), release.keys(), at: TestRelease.time)
    _ = try release.folder.halt(Halt(name: "b", version: "1", channels: ["y": 0], reason: "ours"), release.keys(), at: TestRelease.time)
    try release.publish(to: broker)
    #expect(try release.folder.status(at: TestRelease.time).halts.map(\.channels) == [["x": 0, "y": 0], ["y": 0]])
    #expect(try release.publish(to: broker).published == [])
  }

  @Test func `who published from another copy isn't overwritten`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    let other = try release.copy("other")
    _ = try other.add(release.package(seed: 0.5), PackageOptions(), release.keys(), at: TestRelease.time)
    _ = try release.publish(to: broker, other)
    try release.add("2", seed: 0.4)
    let error = #expect(throws: ReleaseError.self) { try release.publish(to: broker) }
    #expect(error?.code == .conflict && error?.message.contains("another copy") == true)
  }

  @Test func `another fleet's broker is left alone`() throws {
    let (release, stranger, broker) = (try TestRelease(), try TestRelease(), try RealBroker())
    try stranger.publish(to: broker)
    let error = #expect(throws: ReleaseError.self) { try release.publish(to: broker) }
    #expect(error?.code == .untrusted && error?.message.contains("metadata/timestamp") == true && error?.message.contains("unknown keys") == true)
    let session = try BrokerSession(TestRelease.settings(broker))
    let topic = "\(Self.root)/metadata/timestamp"
    #expect(try session.retained([topic])[topic] == stranger.file("metadata/timestamp.json"))
    try session.publish([(topic, Array("no JSON".utf8))])
    session.close()
    #expect(throws: ReleaseError.self) { try release.publish(to: broker) }
  }

  @Test func `a timestamp key that was rotated away leads nobody on`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    let thief = try release.copy("thief")
    _ = try thief.renewedTimestamp(release, times: 40)
    _ = try release.publish(to: broker, thief)
    _ = try release.folder.rotate(.timestamp, replacing: nil, passphrase: "secret", release.keys(), at: TestRelease.time)
    #expect(try release.publish(to: broker).timestampVersion == 2)
  }

  @Test func `a keeper that signs while a release is published is stood above`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.publish(to: broker)
    let keeper = try release.copy("keeper")
    _ = try keeper.renewedTimestamp(release, times: 1)
    let rival = try #require(contents(of: "\(keeper.path)/metadata/timestamp.json"))
    try release.add("1")
    let (session, other) = (try BrokerSession(TestRelease.settings(broker)), try BrokerSession(TestRelease.settings(broker)))
    defer { for session in [session, other] { session.close() } }
    let topic = "\(Self.root)/metadata/timestamp"
    // Both are version 2, and the keeper's comes first.
    var isFirst = true
    let report = try release.folder.publish(to: session, release.keys(), at: TestRelease.time) { _, _ in
      if isFirst { try? other.publish([(topic, rival)]) }
      isFirst = false
    }
    #expect(report.timestampVersion == 3 && report.takenOver == ["timestamp.json"])
    #expect(try other.retained([topic])[topic] == release.file("metadata/timestamp.json"))
  }

  @Test func `a halt that comes while a release is published isn't lost`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.add("1", channels: ["line-a": "100%"])
    try release.publish(to: broker)
    let keeper = try release.copy("keeper")
    _ = try keeper.halt(Halt(name: "defects", version: "1", channels: ["line-a": 0], reason: "3 of 9"), release.keys(), at: TestRelease.time)
    let files = try ["2.halt.json": "halt.2", "timestamp.json": "timestamp"].map { name, topic in
      ("\(Self.root)/metadata/\(topic)", try #require(contents(of: "\(keeper.path)/metadata/\(name)")))
    }
    try release.add("2", seed: 0.4)
    let (session, other) = (try BrokerSession(TestRelease.settings(broker)), try BrokerSession(TestRelease.settings(broker)))
    defer { for session in [session, other] { session.close() } }
    var isFirst = true
    let report = try release.folder.publish(to: session, release.keys(), at: TestRelease.time) { _, _ in
      if isFirst { try? other.publish(files) }
      isFirst = false
    }
    #expect(report.timestampVersion == 4 && report.takenOver == ["2.halt.json", "timestamp.json"])
    #expect(try release.folder.status(at: TestRelease.time).halts.map(\.reason) == ["3 of 9"])
  }

  @Test func `a halt of a stranger's key isn't taken over, though the timestamp's key was stolen`() throws {
    let (release, stranger, broker) = (try TestRelease(), try TestRelease(), try RealBroker())
    try release.publish(to: broker)
    _ = try stranger.folder.halt(Halt(name: "a", version: "1", channels: ["x": 0], reason: "malice"), stranger.keys(), at: TestRelease.time)
    let halt = try stranger.file("metadata/2.halt.json")
    let session = try BrokerSession(TestRelease.settings(broker))
    try session.publish([
      ("\(Self.root)/metadata/halt.2", halt), ("\(Self.root)/metadata/timestamp", try release.forgedTimestamp(version: 2, naming: halt, version: 2)),
    ])
    session.close()
    let error = #expect(throws: ReleaseError.self) { try release.publish(to: broker) }
    #expect(error?.code == .untrusted && error?.message.contains("metadata/halt.2 isn't signed") == true, "\(error?.message ?? "")")
    #expect(!release.has("metadata/2.halt.json"))
  }

  @Test func `a broker that dies meanwhile is named, and the next time goes on`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    try release.add("1")
    let session = try BrokerSession(TestRelease.settings(broker))
    let error = #expect(throws: ReleaseError.self) {
      try release.folder.publish(to: session, release.keys(), at: TestRelease.time) { done, _ in if done == 2 { broker.kill() } }
    }
    session.close()
    #expect(error?.code == .broker && error?.message.contains("goes on where it stopped") == true, "\(error?.message ?? "")")
    try broker.start()
    #expect(try release.publish(to: broker).published.last == "metadata/timestamp")
  }

  @Test func `metadata that no message holds are refused before anything is sent`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    let channels = Dictionary(uniqueKeysWithValues: (0..<5000).map { ("channel-\($0)", "5%") })
    try release.add("1", channels: channels)
    let error = #expect(throws: ReleaseError.self) { try release.publish(to: broker) }
    #expect(error?.code == .tooLarge && error?.message.contains("2.targets.json") == true)
    let session = try BrokerSession(TestRelease.settings(broker))
    #expect(try session.retainedTopics("\(Self.root)/blocks/+") == [])
    session.close()
  }

  @Test func `a timestamp that ends soon is renewed before it goes out, an expired release doesn't go out`() throws {
    let (release, broker) = (try TestRelease(), try RealBroker())
    let late = DateTime(seconds: TestRelease.time.seconds + 25 * TestRelease.day)
    #expect(try release.publish(to: broker, at: late).timestampVersion == 2)
    let year = DateTime(seconds: TestRelease.time.seconds + 366 * TestRelease.day)
    let error = #expect(throws: ReleaseError.self) { try release.publish(to: broker, at: year) }
    #expect(error?.message.contains("expired") == true)
  }

  @Test func `a broker that lets nobody write is named with the topic`() throws {
    var options = RealBroker.Options()
    options.accessList = ["topic read swiftlet/v1/releases/#"]
    let (release, broker) = (try TestRelease(), try RealBroker(options))
    let error = #expect(throws: ReleaseError.self) { try release.publish(to: broker) }
    #expect(error?.code == .broker && error?.message.contains("\(Self.root)/") == true, "\(error?.message ?? "")")
  }

  @Test func `a broker that isn't there is named`() throws {
    let release = try TestRelease()
    let settings = BrokerSettings(address: try BrokerAddress(parsing: "mqtt://127.0.0.1:\(LoopbackPort.free())"), clientID: "test")
    let error = #expect(throws: ReleaseError.self) { try BrokerSession(settings) }
    #expect(error?.code == .broker && error?.message.contains("127.0.0.1") == true)
    withExtendedLifetime(release) {}
  }
}

extension TestRelease {
  static func settings(_ broker: RealBroker) throws -> BrokerSettings {
    BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "test-\(UInt32.random(in: 0 ... .max))")
  }

  @discardableResult
  func publish(to broker: RealBroker, _ other: ReleaseFolder? = nil, sweeping: Bool = false, at time: DateTime = time) throws -> Publication {
    let session = try BrokerSession(Self.settings(broker))
    defer { session.close() }
    return try (other ?? folder).publish(to: session, keys(), at: time, sweeping: sweeping)
  }

  /// The folder as it is now, to be worked on elsewhere.
  func copy(_ name: String) throws -> ReleaseFolder {
    let path = parent.appendingPathComponent(name).path
    try FileManager.default.copyItem(atPath: folder.path, toPath: path)
    return try ReleaseFolder(path)
  }
}

extension ReleaseFolder {
  /// Drives the timestamp's version up, as a keeper does: by halts that come and go.
  func renewedTimestamp(_ release: TestRelease, times: Int) throws -> Int {
    for _ in 0..<times { _ = try renewTimestamp(release.keys(), at: TestRelease.time) }
    return times
  }
}

/// Notes the topics of a release in the order in which they are published.
final class TopicWatcher {
  private let connection: BrokerConnection
  private let topics = Recorder<String>()

  init(_ url: String) throws {
    connection = try BrokerConnection(BrokerSettings(address: BrokerAddress(parsing: url), clientID: "watcher"))
    let granted = Recorder<SubscriptionOutcome>()
    for part in ["blocks", "metadata"] {
      try connection.subscribe(to: "\(PublishingTests.root)/\(part)/+", completion: { granted.append($0) }) { [topics] message in
        topics.append(String(message.topic.dropFirst(PublishingTests.root.count + 1)))
      }
    }
    try connection.start()
    guard granted.wait(until: { $0.count == 2 }) else { throw RealBroker.Failure(description: "no subscription") }
  }

  deinit { connection.stop() }

  func published(until last: String) throws -> [String] {
    guard topics.wait(until: { $0.last == last }) else { throw RealBroker.Failure(description: "\(last) didn't come: \(topics.all)") }
    return topics.all
  }
}
