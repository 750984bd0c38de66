import CSQLite
import Foundation
import Outbox
import Pipelines
import TestBroker
import Testing

/// Limits of classes of topics, ages, and when it is written.
@Suite(.timeLimit(.minutes(2))) struct OutboxLimitsTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A clock that a test sets.
  private final class SetClock: @unchecked Sendable {
    private let mutex = PthreadMutex()
    private var now: (time: WallTime, status: ClockStatus) = (WallTime(microseconds: 1_800_000_000_000_000), .synchronised)

    func advance(seconds: Int64) { mutex.withLock { now.time.microseconds += seconds * 1_000_000 } }
    func set(_ status: ClockStatus) { mutex.withLock { now.status = status } }
    var reading: (time: WallTime, status: ClockStatus) { mutex.withLock { now } }
  }

  private func messages(_ outbox: Outbox) -> [(topic: String, sequence: UInt64)] {
    var found: [OutboxMessage] = []
    while true {
      let batch = outbox.messages(after: found.last)
      if batch.isEmpty { return found.map { ($0.topic, $0.sequence) } }
      found += batch
    }
  }

  /// Sequences of `topic` that gap events name, with their reasons.
  private func gaps(_ events: Recorder<Outbox.Event>, _ topic: String) -> (sequences: Set<UInt64>, reasons: Set<GapMessage.Reason>) {
    var found: (Set<UInt64>, Set<GapMessage.Reason>) = ([], [])
    for case .gap(let gap) in events.all where gap.topic == topic {
      for sequence in gap.sequences { #expect(found.0.insert(sequence).inserted) }
      found.1.insert(gap.reason)
    }
    return found
  }

  @Test func `a class at its limit gives up its own oldest, and nothing of the others`() throws {
    let events = Recorder<Outbox.Event>()
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 4 << 20)
    settings.classLimits["detections"] = .init(byteLimit: 1 << 16)
    let outbox = try Outbox(settings) { events.append($0) }
    for index in 0..<900 {
      let topic = index % 3 == 0 ? "p/events" : index % 3 == 1 ? "p/detections" : "q/detections"
      _ = try outbox.write(to: topic) { _ in [UInt8](repeating: 0x78, count: 500) }
    }
    let left = messages(outbox)
    let events300 = left.filter { $0.topic == "p/events" }.map(\.sequence)
    // All 300, and the gap events among them.
    #expect(events300.count >= 300 && events300 == Array(1...UInt64(events300.count)))
    for topic in ["p/detections", "q/detections"] {
      let kept = left.filter { $0.topic == topic }.map(\.sequence)
      let gone = gaps(events, topic)
      #expect(!kept.isEmpty && kept.count < 70 && kept == Array(kept[0]...300))
      #expect(gone.sequences == Set(1..<kept[0]) && gone.reasons == [.storageFull])
    }
    outbox.close()
    // Counted anew from the file.
    let again = try Outbox(settings)
    _ = try again.write(to: "p/detections") { _ in [UInt8](repeating: 0x78, count: 500) }
    #expect(messages(again).count { $0.topic.hasSuffix("/detections") } <= 131)
    again.close()
  }

  @Test func `what is too old is given up when the clock is kept, and only of its class`() throws {
    let clock = SetClock()
    let events = Recorder<Outbox.Event>()
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 4 << 20)
    settings.clock = { clock.reading }
    settings.classLimits["detections"] = .init(age: .seconds(3600))
    let outbox = try Outbox(settings) { events.append($0) }
    for _ in 0..<3 { _ = try outbox.write(to: "p/detections") { _ in [1] } }
    _ = try outbox.write(to: "p/events") { _ in [1] }
    clock.advance(seconds: 1800)
    for _ in 0..<2 { _ = try outbox.write(to: "p/detections") { _ in [2] } }
    clock.set(.unsynchronised)
    clock.advance(seconds: 1801)
    _ = try outbox.write(to: "p/detections") { _ in [3] }
    #expect(gaps(events, "p/detections").sequences.isEmpty)
    clock.set(.synchronised)
    _ = try outbox.write(to: "p/detections") { _ in [4] }
    #expect(gaps(events, "p/detections").sequences == [1, 2, 3] && gaps(events, "p/detections").reasons == [.expired])
    // The sixth has no time; it goes with the seventh.
    clock.advance(seconds: 3599)
    _ = try outbox.write(to: "p/other") { _ in [] }
    #expect(gaps(events, "p/detections").sequences == [1, 2, 3, 4, 5])
    // In steps of a sixty-fourth.
    clock.advance(seconds: 1)
    _ = try outbox.write(to: "p/other") { _ in [] }
    #expect(gaps(events, "p/detections").sequences == [1, 2, 3, 4, 5])
    clock.advance(seconds: 56)
    _ = try outbox.write(to: "p/other") { _ in [] }
    #expect(gaps(events, "p/detections").sequences == Set(1...7))
    #expect(messages(outbox).filter { $0.topic == "p/events" }.map(\.sequence) == [1, 2, 3, 4])
    outbox.close()
  }

  @Test func `a clock that was wrong and is set back keeps nothing for years`() throws {
    let clock = SetClock()
    let events = Recorder<Outbox.Event>()
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 4 << 20)
    settings.clock = { clock.reading }
    settings.classLimits["detections"] = .init(age: .seconds(640))
    let outbox = try Outbox(settings) { events.append($0) }
    clock.advance(seconds: 100_000_000)
    for _ in 0..<2 { _ = try outbox.write(to: "p/detections") { _ in [1] } }
    clock.advance(seconds: -100_000_000)
    _ = try outbox.write(to: "p/detections") { _ in [2] }
    clock.advance(seconds: 660)
    _ = try outbox.write(to: "p/other") { _ in [] }
    // Those from the future are as old as the next one.
    #expect(gaps(events, "p/detections").sequences == [1, 2, 3])
    outbox.close()
  }

  @Test func `gap events keep to the limit of their class, too`() throws {
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 4 << 20)
    settings.classLimits = ["detections": .init(byteLimit: 1 << 16), "events": .init(byteLimit: 1 << 16)]
    let outbox = try Outbox(settings)
    for index in 0..<4000 {
      while !outbox.append(to: "p\(index % 3)/detections", encoding: { _ in [UInt8](repeating: 0x78, count: 500) }) { outbox.flush() }
    }
    outbox.flush()
    var bytes: [String: Int] = [:]
    var last: OutboxMessage?
    while let batch = Optional(outbox.messages(after: last)), let newest = batch.last {
      for message in batch { bytes[message.topic.hasSuffix("events") ? "events" : "detections", default: 0] += message.payload.count + 64 }
      last = newest
    }
    #expect(bytes["events", default: 0] <= 1 << 16 && bytes["detections", default: 0] <= 1 << 16)
    #expect(bytes["events", default: 0] > 1 << 14)
    outbox.close()
  }

  @Test func `many old messages go bit by bit, each named once`() throws {
    let clock = SetClock()
    let events = Recorder<Outbox.Event>()
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 4 << 20)
    settings.clock = { clock.reading }
    settings.queueLimit = 5000
    settings.classLimits["detections"] = .init(age: .seconds(60))
    let outbox = try Outbox(settings) { events.append($0) }
    for _ in 0..<3000 { outbox.append(to: "p/detections", encoding: { _ in [1] }) }
    outbox.flush()
    clock.advance(seconds: 61)
    for _ in 0..<4 { _ = try outbox.write(to: "p/events") { _ in [] } }
    #expect(gaps(events, "p/detections").sequences == Set(1...3000))
    #expect(messages(outbox).allSatisfy { $0.topic == "p/events" })
    outbox.close()
  }

  @Test func `what isn't urgent waits for others, what is urgent takes them along`() throws {
    let accepted = Recorder<UInt64>()
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 1 << 20)
    settings.commitInterval = .seconds(3600)
    settings.commitBytes = 4096
    let outbox = try Outbox(settings)
    let append = { (isUrgent: Bool, size: Int) in
      _ = outbox.append(to: "t", isUrgent: isUrgent, encoding: { _ in [UInt8](repeating: 0, count: size) }) {
        if case .success(let number) = $0 { accepted.append(number.sequence) }
      }
    }
    for _ in 0..<3 { append(false, 100) }
    #expect(outbox.status.accepted == 0)
    append(true, 100)
    #expect(accepted.wait { $0.count == 4 })
    // By size: the latest commit's mean tells how large those are that wait.
    for _ in 0..<60 { append(false, 100) }
    #expect(accepted.wait { $0.count >= 4 + 20 })
    outbox.flush()
    #expect(accepted.all == Array(1...64))
    append(false, 100)
    outbox.close()
    #expect(accepted.all.last == 65)
  }

  @Test func `what isn't urgent is written after the interval`() throws {
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 1 << 20)
    settings.commitInterval = .milliseconds(20)
    let outbox = try Outbox(settings)
    let accepted = Recorder<UInt64>()
    outbox.append(to: "t", encoding: { _ in [] }) { if case .success(let number) = $0 { accepted.append(number.sequence) } }
    #expect(accepted.wait { $0 == [1] })
    #expect(outbox.status.longestCommit > .zero && outbox.status.lastCommit <= outbox.status.longestCommit)
    outbox.close()
  }

  @Test func `a file of the first version is taken over`() throws {
    var database: OpaquePointer?
    unsafe sqlite3_open(folder.path(), &database)
    let schema = """
      CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next_sequence INTEGER NOT NULL);
      CREATE TABLE messages(
        id INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER NOT NULL, sequence INTEGER NOT NULL, cost INTEGER NOT NULL, checksum INTEGER NOT NULL,
        gap_topic TEXT, gap_first INTEGER, gap_last INTEGER, payload BLOB NOT NULL);
      INSERT INTO meta VALUES('epoch', '0123456789abcdef');
      PRAGMA application_id=0x73776C6F; PRAGMA user_version=1;
      """
    #expect(unsafe sqlite3_exec(database, schema, nil, nil, nil) == SQLITE_OK)
    unsafe sqlite3_close(database)
    let events = Recorder<Outbox.Event>()
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20) { events.append($0) }
    #expect(outbox.status.epoch == "0123456789abcdef" && events.all.isEmpty)
    #expect(try outbox.write(to: "t") { _ in [] }.sequence == 1)
    outbox.close()
  }

  @Test func `a file of a later version is put aside whole, and named as what it is`() throws {
    let before = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    _ = try before.write(to: "t") { _ in [] }
    before.close()
    var database: OpaquePointer?
    unsafe sqlite3_open(folder.path(), &database)
    #expect(unsafe sqlite3_exec(database, "PRAGMA user_version=99", nil, nil, nil) == SQLITE_OK)
    unsafe sqlite3_close(database)
    let events = Recorder<Outbox.Event>()
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20) { events.append($0) }
    guard case .setAside(let error, let name) = events.all.first else {
      Issue.record("it was taken for its own: \(events.all)")
      return
    }
    #expect(error.message.contains("has format 99, of a later version of this program, which reads 2"))
    #expect(outbox.status.waiting == 0 && outbox.status.epoch != before.status.epoch)
    #expect(name.contains("outbox.db.format-99-"))
    outbox.close()
    // Files that are damaged come and go beside it.
    for _ in 0..<3 {
      try Data(count: 4096).write(to: URL(fileURLWithPath: folder.path()))
      try Outbox(path: folder.path(), byteLimit: 1 << 20).close()
    }
    #expect(folder.names.contains { $0.contains("damaged") })
    unsafe sqlite3_open_v2(name, &database, SQLITE_OPEN_READONLY, nil)
    defer { unsafe sqlite3_close(database) }
    var statement: OpaquePointer?
    #expect(unsafe sqlite3_prepare_v2(database, "SELECT count(*) FROM messages", -1, &statement, nil) == SQLITE_OK)
    defer { unsafe sqlite3_finalize(statement) }
    #expect(unsafe sqlite3_step(statement) == SQLITE_ROW)
    #expect(unsafe sqlite3_column_int64(statement, 0) == 1)
  }

  @Test func `limits that can't work are refused`() {
    for limit in [Outbox.ClassLimit(byteLimit: 100), .init(age: .milliseconds(1))] {
      var settings = Outbox.Settings(path: folder.path(), byteLimit: 1 << 20)
      settings.classLimits["events"] = limit
      let error = #expect(throws: OutboxError.self) { try Outbox(settings) }
      #expect(error?.message.contains("storage: limits: events") == true)
    }
  }
}
