import Foundation
import Glibc
import SimulatedDisk
import TestBroker

@testable import Outbox

/// Opens what a power cut left of an outbox, in a folder of its own, and holds it to its promises.
struct CrashedOutbox: Sendable {
  /// Writes what no recorded writer would.
  private static let ownGeneration = 99

  let folder: TemporaryFolder
  let byteLimit: Int

  init(byteLimit: Int) throws {
    folder = try TemporaryFolder(in: TemporaryFolder.memory)
    self.byteLimit = byteLimit
  }

  /// - Parameters:
  ///   - contents: the files by name.
  ///   - generation: of the latest recorded writer.
  func violations(in contents: [String: FileImage], of ledger: Ledger, generation: Int) -> [String] {
    defer { for name in folder.names { _ = unsafe unlink(folder.path(name)) } }
    let events = Recorder<Outbox.Event>()
    do {
      try Self.put(contents, into: folder)
      let outbox = try Outbox(path: folder.path(), byteLimit: byteLimit) { events.append($0) }
      defer { outbox.close() }
      return check(outbox.allMessages(), outbox.status.epoch, ledger, 0...generation) + appendTo(outbox, ledger, 0...generation) + Self.complaints(events.all)
    } catch {
      return ["it can't be opened: \(error)"] + Self.complaints(events.all)
    }
  }

  static func put(_ contents: [String: FileImage], into folder: TemporaryFolder) throws {
    for (name, image) in contents {
      let file = unsafe open(folder.path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
      guard file >= 0, unsafe Glibc.write(file, image.bytes, image.bytes.count) == image.bytes.count, Glibc.close(file) == 0 else {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    }
  }

  /// Setting the file aside, or failing at all, is no way to keep what was accepted.
  private static func complaints(_ events: [Outbox.Event]) -> [String] {
    events.filter { if case .gap = $0 { false } else { true } }.map { "\($0)" }
  }

  private func check(_ messages: [OutboxMessage], _ epoch: String, _ ledger: Ledger, _ generations: ClosedRange<Int>) -> [String] {
    ledger.violations(in: messages, epoch: epoch) { message in
      generations.contains { WrittenPayload.of(message.topic, message.sequence, generation: $0) == message.payload }
    }
  }

  /// Appends to every topic and a new one: the numbers go on, what was there stays or is named, what was appended is read back.
  private func appendTo(_ outbox: Outbox, _ ledger: Ledger, _ generations: ClosedRange<Int>) -> [String] {
    let before = outbox.allMessages()
    let topics = ledger.topics.keys.filter { !$0.hasSuffix("/events") }.sorted() + ["new/20/detections"]
    let given = Recorder<OutboxMessage>()
    for topic in topics {
      outbox.append(to: topic, encoding: { WrittenPayload.of(topic, $0.sequence, generation: Self.ownGeneration) }) { result in
        guard case .success(let number) = result else { return }
        let payload = WrittenPayload.of(topic, number.sequence, generation: Self.ownGeneration)
        given.append(OutboxMessage(id: 0, epoch: number.epoch, topic: topic, sequence: number.sequence, payload: payload))
      }
    }
    outbox.flush()
    // Gap events may lie between.
    let names = Set(given.all.map { "\($0.topic) \($0.sequence)" })
    let isOwn: (OutboxMessage) -> Bool = { names.contains("\($0.topic) \($0.sequence)") }
    let after = outbox.allMessages()
    let own = after.filter(isOwn)
    var problems = check(after.filter { !isOwn($0) }, outbox.status.epoch, ledger, generations)
    if given.all.map(\.sequence) != ledger.next(in: topics, after: before) { problems.append("the numbers don't go on: \(given.all)") }
    if !own.elementsEqual(given.all, by: { $0.topic == $1.topic && $0.sequence == $1.sequence && Ledger.same($0.payload, $1.payload) }) {
      problems.append("what was appended afterwards isn't there: \(own)")
    }
    return problems
  }
}
