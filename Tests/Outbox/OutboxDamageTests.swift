import Foundation
import Glibc
import TestBroker
import Testing

@testable import Outbox

@Suite(.timeLimit(.minutes(3))) struct OutboxDamageTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// The helper program beside the test bundle, which the runner is or has as an argument.
  static let writer: String? = {
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    for path in CommandLine.arguments + [program].compactMap({ $0 }) where path.contains(".xctest") {
      let writer = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("OutboxWriter").path
      if FileManager.default.isExecutableFile(atPath: writer) { return writer }
    }
    return nil
  }()

  @Test(arguments: 1...6) func `what was accepted is there after a kill`(round: Int) throws {
    let writer = try #require(Self.writer, "the helper program wasn't built")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: writer)
    process.arguments = [folder.path()]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var text = Data()
    // Killed in the middle of its work, after another amount of it each time.
    while text.count < round * 3000 { text += output.fileHandleForReading.availableData }
    kill(process.processIdentifier, SIGKILL)
    text += output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let outbox = try Outbox(path: folder.path(), byteLimit: 64 << 20)
    var found: [String: [UInt64]] = [:]
    var last: OutboxMessage?
    while case let batch = outbox.messages(after: last), !batch.isEmpty {
      for message in batch {
        found[message.topic, default: []].append(message.sequence)
        #expect(String(decoding: message.payload, as: UTF8.self).hasPrefix("\(message.epoch) \(message.sequence) "))
      }
      last = batch.last
    }
    var accepted = 0
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let parts = line.split(separator: " ")
      let sequence = try #require(UInt64(parts[1]))
      #expect(found[String(parts[0]), default: []].count >= sequence && parts[2] == outbox.status.epoch)
      accepted += 1
    }
    #expect(accepted > 10)
    for sequences in found.values { #expect(sequences == Array(1...UInt64(sequences.count))) }
    let next = try outbox.write(to: "kill/0") { _ in [] }
    #expect(next.sequence == UInt64(found["kill/0", default: []].count + 1))
    outbox.close()
  }

  @Test func `a file that is no database is set aside and a new epoch begins`() throws {
    for content in [
      Data("this is no database, but long enough to look like something".utf8), Data(count: 4096),
      Data("SQLite format 3\0".utf8) + Data(repeating: 0xA5, count: 600),
    ] {
      try content.write(to: URL(fileURLWithPath: folder.path()))
      let events = Recorder<Outbox.Event>()
      let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20) { events.append($0) }
      guard case .setAside(let error, let name) = events.all.first else {
        Issue.record("not set aside")
        return
      }
      #expect(error.code == .damaged && name.contains("outbox.db.damaged-"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: name)) == content)
      #expect(try outbox.write(to: "t") { _ in [] }.sequence == 1)
      outbox.close()
    }
    #expect(folder.names.count { $0.contains("damaged") && !$0.hasSuffix("-wal") } <= 2)
  }

  @Test func `another program's database is set aside, not written into`() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('create table t(x)'); c.commit()", folder.path()]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      print("SKIPPED: another program's database, as there is no python3")
      return
    }
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    outbox.close()
    #expect(folder.names.contains { $0.contains("damaged") })
  }

  @Test func `changed bytes anywhere never crash, hang or give a message that was not written`() throws {
    let original = try Outbox(path: folder.path("whole.db"), byteLimit: 1 << 20)
    var written: [String: [UInt8]] = [:]
    for index in 0..<60 {
      let payload = [UInt8](repeating: UInt8(index), count: index * 40)
      let number = try original.write(to: "t\(index % 2)/detections") { _ in payload }
      written["t\(index % 2)/detections \(number.sequence)"] = payload
    }
    original.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path("whole.db")))
    var generator = SeededGenerator(seed: 7)
    for round in 0..<60 {
      var damaged = whole
      if round % 10 == 9 {
        damaged = damaged.prefix(Int.random(in: 0..<whole.count, using: &generator))
      } else {
        for _ in 0..<(round % 4 * 8 + 1) { damaged[Int.random(in: 0..<whole.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator) }
      }
      let path = folder.path("round\(round).db")
      try damaged.write(to: URL(fileURLWithPath: path))
      let outbox = try Outbox(path: path, byteLimit: 1 << 20)
      let epoch = outbox.status.epoch
      var last: OutboxMessage?
      while case let batch = outbox.messages(after: last), !batch.isEmpty {
        for message in batch where !message.topic.hasSuffix("/events") {
          #expect(written["\(message.topic) \(message.sequence)"] == message.payload)
        }
        last = batch.last
      }
      let number = try outbox.write(to: "t0/detections") { _ in [1] }
      #expect(number.sequence > 30 || outbox.status.epoch != epoch || number.sequence == 1)
      outbox.close()
    }
  }

  @Test func `a full disk refuses with advice, keeps what was accepted, and is found again`() throws {
    guard let disk = SmallDisk(at: folder.path("small"), size: "512k") else {
      print("SKIPPED: a full disk, as mounting a small one needs root")
      return
    }
    var settings = Outbox.Settings(path: disk.path + "/outbox.db", byteLimit: 256 << 10)
    settings.retryDelay = .milliseconds(20)
    let events = Recorder<Outbox.Event>()
    let outbox = try Outbox(settings) { events.append($0) }
    let first = try outbox.write(to: "a/detections") { _ in [UInt8](repeating: 1, count: 1000) }
    try disk.fill()
    var failure: OutboxError?
    for _ in 0..<200 where failure == nil {
      do { _ = try outbox.write(to: "a/detections") { _ in [UInt8](repeating: 2, count: 8000) } } catch { failure = error }
    }
    #expect(failure?.code == .diskFull && failure?.message.contains("free space") == true)
    #expect(events.first { if case .failing = $0 { true } else { false } } != nil)
    #expect(outbox.status.error?.code == .diskFull)
    try disk.empty()
    var number: MessageNumber?
    for _ in 0..<50 where number == nil { number = try? outbox.write(to: "a/detections") { _ in [3] } }
    #expect(number?.epoch == first.epoch && (number?.sequence ?? 0) > first.sequence)
    #expect(outbox.status.error == nil && events.all.contains(.recovered))
    let sequences = outbox.messages().filter { $0.topic == "a/detections" }.map(\.sequence)
    #expect(sequences.last == number?.sequence)
    #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 + 1 == $1 })
    outbox.close()
  }

  @Test func `on a full disk what a killed process left is opened and given out`() throws {
    guard let disk = SmallDisk(at: folder.path("small"), size: "512k") else {
      print("SKIPPED: a log on a full disk, as mounting a small one needs root")
      return
    }
    let running = try Outbox(path: folder.path(), byteLimit: 256 << 10)
    for _ in 0..<20 { _ = try running.write(to: "a/detections") { _ in [UInt8](repeating: 1, count: 2000) } }
    for ending in ["", "-wal"] { try FileManager.default.copyItem(atPath: folder.path() + ending, toPath: disk.path + "/outbox.db" + ending) }
    try disk.fill()
    let outbox = try Outbox(path: disk.path + "/outbox.db", byteLimit: 256 << 10)
    #expect(outbox.messages() == running.messages())
    outbox.close()
    running.close()
  }

  @Test(arguments: [
    "UPDATE topics SET next_sequence = 2", "DELETE FROM topics WHERE name = 'a'", "UPDATE topics SET next_sequence = 9 WHERE name = 'b'",
    "UPDATE topics SET next_sequence = 9223372036854775807",
  ])
  func `a count that changed on the disk never lets a number be given out again`(change: String) throws {
    let before = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    for topic in ["a", "a", "a", "b"] { _ = try before.write(to: topic) { _ in [] } }
    for message in before.messages() { before.markDelivered(message) }
    before.close()
    try SQLiteDatabase(path: folder.path()).execute(change)
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    #expect(outbox.status.epoch != before.status.epoch)
    #expect(try outbox.write(to: "a") { _ in [] }.sequence == 1)
    outbox.close()
  }

  @Test func `making room on a full disk, what the broker has already goes first and isn't reported lost`() throws {
    let store = try OutboxStore(Outbox.Settings(path: folder.path(), byteLimit: 1 << 20))
    let drafts = (1...10).map { _ in OutboxDraft(topic: "p/detections") { _ in [UInt8](repeating: 1, count: 4000) } }
    _ = try store.commit(drafts, removing: [], discarding: [])
    let ids = try store.messages(after: 0, count: 10, bytes: 1 << 20).sound.map(\.id)
    #expect(try store.evict(bytes: 12_000, removing: Array(ids[..<3])).gaps.isEmpty)
    #expect(store.content.messages == 7)
    let gaps = try store.evict(bytes: 12_000, removing: [ids[3]]).gaps
    #expect(gaps.first?.sequences.lowerBound == 5)
  }

  @Test func `what a damaged gap event named is named again`() throws {
    let store = try OutboxStore(Outbox.Settings(path: folder.path(), byteLimit: 1 << 20))
    let drafts = (1...10).map { _ in OutboxDraft(topic: "p/detections") { _ in [UInt8](repeating: 1, count: 4000) } }
    _ = try store.commit(drafts, removing: [], discarding: [])
    _ = try store.evict(bytes: 12_000, removing: [])
    let event = try #require(try store.messages(after: 0, count: 20, bytes: 1 << 20).sound.last)
    #expect(event.topic == "p/events" && event.sequence == 1)
    let gaps = try store.commit([], removing: [], discarding: [(event.id, .damaged)]).gaps
    #expect(gaps.map { "\($0.topic) \($0.sequences) \($0.reason)" } == ["p/events 1...1 damaged", "p/detections 1...4 damaged"])
  }

  @Test func `a file that can be opened again is, without waiting for something to write`() throws {
    let home = folder.path("home"), away = folder.path("away")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    var settings = Outbox.Settings(path: home + "/outbox.db")
    settings.retryDelay = .milliseconds(20)
    let events = Recorder<Outbox.Event>()
    let commits = Recorder<Bool>()
    let outbox = try Outbox(settings) { events.append($0) }
    _ = try outbox.write(to: "t") { _ in [1] }
    // As after an error of the disk.
    outbox.storeMutex.withLock { outbox.store = nil }
    try FileManager.default.moveItem(atPath: home, toPath: away)
    #expect(throws: OutboxError.self) { try outbox.write(to: "t") { _ in [2] } }
    outbox.onCommit { commits.append(true) }
    try FileManager.default.moveItem(atPath: away, toPath: home)
    #expect(events.wait { $0.contains(.recovered) })
    // Publishers look again.
    #expect(commits.wait { !$0.isEmpty })
    #expect(outbox.messages().map(\.payload) == [[1]])
    outbox.close()
  }

  @Test func `others may not read the file`() throws {
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    _ = try outbox.write(to: "t") { _ in [1] }
    for name in folder.names {
      let mode = try FileManager.default.attributesOfItem(atPath: folder.path(name))[.posixPermissions] as? Int
      #expect(mode.map { $0 & 0o007 } == 0, "\(name)")
    }
    outbox.close()
  }

  @Test func `a disk that is mounted read-only is reported`() throws {
    guard let disk = SmallDisk(at: folder.path("fixed"), size: "1m") else {
      print("SKIPPED: a read-only disk, as mounting one needs root")
      return
    }
    try Outbox(path: disk.path + "/outbox.db", byteLimit: 1 << 20).close()
    #expect(disk.makeReadOnly())
    let error = #expect(throws: OutboxError.self) { try Outbox(path: disk.path + "/outbox.db", byteLimit: 1 << 20) }
    #expect(error?.code == .readOnly && error?.message.contains("ReadWritePaths=") == true, "\(error?.message ?? "none")")
  }
}
