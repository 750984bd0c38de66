import Foundation
import Outbox
import TestBroker
import Testing

private func text(_ message: OutboxMessage) -> String {
  String(decoding: message.payload, as: UTF8.self)
}

@Suite(.timeLimit(.minutes(2))) struct OutboxTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func all(_ outbox: Outbox) -> [OutboxMessage] {
    var found: [OutboxMessage] = []
    while true {
      let batch = outbox.messages(after: found.last, count: 50)
      if batch.isEmpty { return found }
      found += batch
    }
  }

  @Test func `messages are numbered by topic, come out in order and leave when delivered`() throws {
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    for index in 0..<10 {
      let number = try outbox.write(to: index % 2 == 0 ? "even" : "odd") { Array("\(index) \($0.sequence)".utf8) }
      #expect(number.sequence == UInt64(index / 2 + 1) && number.epoch == outbox.status.epoch)
    }
    let messages = all(outbox)
    #expect(messages.map(text) == (0..<10).map { "\($0) \($0 / 2 + 1)" })
    for message in messages.prefix(7) { outbox.markDelivered(message) }
    #expect(all(outbox).map(\.id) == messages.suffix(3).map(\.id))
    outbox.flush()
    #expect(outbox.status.waiting == 3 && outbox.status.delivered == 7 && outbox.status.accepted == 10)
    outbox.close()
    #expect(throws: OutboxError.self) { try outbox.write(to: "even") { _ in [] } }
  }

  @Test func `epoch, messages and counts survive closing, also when nothing is left`() throws {
    var outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    let epoch = outbox.status.epoch
    for _ in 0..<5 { _ = try outbox.write(to: "t") { Array("\($0.sequence)".utf8) } }
    for message in all(outbox) { outbox.markDelivered(message) }
    outbox.close()
    outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    #expect(outbox.status.epoch == epoch && outbox.status.waiting == 0)
    #expect(try outbox.write(to: "t") { _ in [] } == MessageNumber(epoch: epoch, sequence: 6))
    outbox.close()
    let other = try Outbox(path: folder.path("other.db"), byteLimit: 1 << 20)
    #expect(other.status.epoch != epoch)
    other.close()
  }

  @Test func `sequences are contiguous with many writers`() async throws {
    let outbox = try Outbox(path: folder.path(), byteLimit: 8 << 20)
    let numbers = Recorder<MessageNumber>()
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          for index in 0..<250 {
            let isQueued = outbox.append(to: "t", encoding: { Array("\($0.sequence) \(writer) \(index)".utf8) }) { result in
              if case .success(let number) = result { numbers.append(number) }
            }
            if !isQueued { outbox.flush() }
          }
        }
      }
    }
    outbox.flush()
    let accepted = numbers.all.map(\.sequence)
    #expect(accepted == Array(1...UInt64(accepted.count)))
    let messages = all(outbox)
    #expect(messages.map(\.sequence) == accepted)
    #expect(messages.allSatisfy { text($0).hasPrefix("\($0.sequence) ") })
    #expect(outbox.status.accepted + outbox.status.refused == 1000)
    outbox.close()
  }

  @Test func `the oldest give way at the limit, and gap events name every one of them`() throws {
    let events = Recorder<Outbox.Event>()
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 16) { events.append($0) }
    let size = 1000
    for index in 0..<600 {
      _ = try outbox.write(to: "site/line/\(index % 3)/detections") { Array("\($0.sequence) ".utf8) + [UInt8](repeating: 0x78, count: size) }
    }
    let status = outbox.status
    #expect(status.bytes <= 1 << 16 && status.evicted > 400)
    let messages = all(outbox)
    var known: [String: Set<UInt64>] = [:]
    for message in messages {
      known[message.topic, default: []].insert(message.sequence)
      guard message.topic.hasSuffix("/events") else { continue }
      let gap = try #require(try JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any])
      #expect(gap["schema"] as? String == "swiftlet/gap/1" && gap["reason"] as? String == "storage_full")
      let topic = try #require(gap["topic"] as? String)
      let (first, last) = (try #require(gap["first_sequence"] as? UInt64), try #require(gap["last_sequence"] as? UInt64))
      for sequence in first...last { #expect(known[topic, default: []].insert(sequence).inserted) }
    }
    for topic in 0..<3 { #expect(known["site/line/\(topic)/detections"] == Set(1...200)) }
    for topic in 0..<3 {
      let found = known["site/line/\(topic)/events", default: []]
      #expect(found == Set(1...UInt64(found.count)))
    }
    #expect(events.all.contains { if case .gap = $0 { true } else { false } })
    outbox.close()
  }

  @Test func `a message larger than the outbox is refused and takes no number`() throws {
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 16)
    let error = #expect(throws: OutboxError.self) { try outbox.write(to: "t") { _ in [UInt8](repeating: 0, count: 1 << 16) } }
    #expect(error?.code == .messageTooLarge)
    #expect(try outbox.write(to: "t") { _ in [] }.sequence == 1)
    #expect(outbox.status.refused == 1)
    outbox.close()
  }

  @Test func `the queue before the disk is bounded, and what it refuses is counted`() throws {
    var settings = Outbox.Settings(path: folder.path(), byteLimit: 1 << 20)
    settings.queueLimit = 8
    let outbox = try Outbox(settings)
    let hasBegun = Recorder<Bool>()
    let mayEnd = Recorder<Bool>()
    outbox.append(
      to: "t",
      encoding: { _ in
        hasBegun.append(true)
        mayEnd.wait { !$0.isEmpty }
        return []
      })
    #expect(hasBegun.wait { !$0.isEmpty })
    let queued = (0..<20).count { _ in outbox.append(to: "t", encoding: { _ in [] }) }
    #expect(queued == 8 && outbox.status.refused == 12)
    mayEnd.append(true)
    outbox.flush()
    #expect(all(outbox).map(\.sequence) == Array(1...9))
    outbox.close()
  }

  @Test func `a discarded message is named by a gap event`() throws {
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    _ = try outbox.write(to: "a/detections") { _ in [1] }
    outbox.discard(try #require(all(outbox).first), .refused)
    outbox.flush()
    let left = all(outbox)
    #expect(left.map(\.topic) == ["a/events"])
    #expect(left.first.map(text)?.contains(#""first_sequence":1,"last_sequence":1,"reason":"refused""#) == true)
    outbox.close()
  }

  @Test func `a gap event that the broker refuses is reported here, and makes no other`() throws {
    let events = Recorder<Outbox.Event>()
    let outbox = try Outbox(Outbox.Settings(path: folder.path(), byteLimit: 1 << 20)) { events.append($0) }
    _ = try outbox.write(to: "a/detections") { _ in [1] }
    for _ in 0..<2 {
      outbox.discard(try #require(all(outbox).first), .refused)
      outbox.flush()
    }
    #expect(all(outbox).isEmpty)
    let topics = events.all.compactMap { if case .gap(let gap) = $0 { gap.topic } else { nil } }
    #expect(topics == ["a/detections", "a/events", "a/detections"])
    outbox.close()
  }

  @Test func `a second process is told that the outbox is in use`() throws {
    let outbox = try Outbox(path: folder.path(), byteLimit: 1 << 20)
    let error = #expect(throws: OutboxError.self) { try Outbox(path: folder.path(), byteLimit: 1 << 20) }
    #expect(error?.code == .inUse)
    outbox.close()
    try Outbox(path: folder.path(), byteLimit: 1 << 20).close()
  }

  @Test func `settings and places that can't work are refused in one line`() throws {
    #expect(throws: OutboxError.self) { try Outbox(path: folder.path(), byteLimit: 100) }
    #expect(throws: OutboxError.self) { try Outbox(path: "", byteLimit: 1 << 20) }
    let missing = #expect(throws: OutboxError.self) { try Outbox(path: folder.path("no/such/outbox.db"), byteLimit: 1 << 20) }
    #expect(missing?.message.contains("no/such/outbox.db") == true && missing?.message.contains("\n") == false)
    #expect(throws: OutboxError.self) { try Outbox(path: folder.url.path, byteLimit: 1 << 20) }
  }
}
