import Foundation
import Pipelines
import TestBroker

@testable import Outbox

/// What a writer puts into a message: a function of its number, so that anyone can tell whether it was changed.
enum WrittenPayload {
  /// About as many bytes as the topic's name says, `…/BYTES/…`. Writers of different generations never write the same, unless nothing.
  static func of(_ topic: String, _ sequence: UInt64, generation: Int) -> [UInt8] {
    let nominal = topic.split(separator: "/").compactMap { Int($0) }.first ?? 0
    guard nominal > 0 else { return [] }
    let size = nominal * Int(sequence * 7 % 11 + 5) / 10
    return Array("\(topic) \(sequence) \(generation) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: sequence &* 31 &+ 1), count: size)
  }
}

/// An outbox at work on a recorded disk, and what its user gets to know.
final class RecordedOutbox {
  let recording: DiskRecording
  private let settings: Outbox.Settings
  private let generation: Int
  private var outbox: Outbox?
  private var leaving: [OutboxMessage] = []
  private var seen: Set<String> = []

  init(_ recording: DiskRecording, at path: String, byteLimit: Int, generation: Int) {
    self.recording = recording
    settings = Outbox.Settings(path: path, byteLimit: byteLimit)
    self.generation = generation
  }

  func open() throws {
    let outbox = try Outbox(settings)
    recording.note(.opened(epoch: outbox.status.epoch))
    self.outbox = outbox
  }

  func close() {
    outbox?.close()
    outbox = nil
    noteGone()
  }

  /// Appends each topic's next message and waits for all. The first is committed alone, the others, up to 256, in one transaction.
  func write(_ topics: [String]) throws {
    guard let outbox else { return }
    let mayEnd = Recorder<Bool>()
    for (index, topic) in topics.enumerated() {
      let hasBegun = Recorder<Bool>()
      append(to: topic, of: outbox) {
        hasBegun.append(true)
        if index == 0 && topics.count > 1 { mayEnd.wait { !$0.isEmpty } }
      }
      // The thread has taken the first before the others are there.
      if index == 0 { hasBegun.wait { !$0.isEmpty } }
    }
    mayEnd.append(true)
    outbox.flush()
    noteGone()
  }

  private func append(to topic: String, of outbox: Outbox, encoding: @escaping @Sendable () -> Void) {
    let (recording, generation) = (recording, generation)
    outbox.append(
      to: topic,
      encoding: { number in
        encoding()
        return WrittenPayload.of(topic, number.sequence, generation: generation)
      }
    ) { result in
      guard case .success(let number) = result else { return }
      let payload = WrittenPayload.of(topic, number.sequence, generation: generation)
      recording.note(.accepted(topic: topic, sequence: number.sequence, payload: payload))
    }
  }

  /// Reads everything, and is from then on entitled to it.
  @discardableResult
  func read() -> [OutboxMessage] {
    let messages = outbox?.allMessages() ?? []
    for message in messages where seen.insert("\(message.topic) \(message.sequence)").inserted { recording.note(.seen(message)) }
    return messages
  }

  /// Marks messages delivered; they leave with what is written next, or with `settle`.
  func deliver(_ messages: some Sequence<OutboxMessage>) {
    for message in messages {
      recording.note(.leaving(message))
      outbox?.markDelivered(message)
      leaving.append(message)
    }
  }

  func discard(_ message: OutboxMessage) {
    outbox?.discard(message, .refused)
  }

  func settle() {
    outbox?.flush()
    noteGone()
  }

  /// As when the disk is full: the log goes into the file and is emptied.
  func checkpoint() throws {
    guard let outbox else { return }
    try outbox.storeMutex.withLock { try outbox.store?.checkpoint() }
  }

  private func noteGone() {
    for message in leaving { recording.note(.gone(message)) }
    leaving.removeAll()
  }
}

extension Outbox {
  /// Everything that waits, in order.
  func allMessages() -> [OutboxMessage] {
    var found: [OutboxMessage] = []
    while case let batch = messages(after: found.last, count: 256), !batch.isEmpty { found += batch }
    return found
  }
}
