import Foundation
import Outbox

/// What an outbox has promised so far, gathered from facts.
struct Ledger {
  struct Topic {
    /// Known payloads, by sequence less one; nil where only its number is known to be taken.
    var payloads: [[UInt8]?] = []
    /// The place of each in the order of acceptance over all topics; nil for gap events, which nobody appended.
    var places: [Int?] = []
    /// Need not be in the file: delivered, or named by a gap event that was.
    var excused: Set<UInt64> = []
    /// Must not be in the file.
    var gone: Set<UInt64> = []

    /// The highest number that was reported.
    var last: UInt64 { UInt64(payloads.count) }

    func payload(of sequence: UInt64) -> [UInt8]? { sequence <= last ? payloads[Int(sequence) - 1] : nil }
  }

  private(set) var topics: [String: Topic] = [:]
  private(set) var epoch: String?
  private(set) var accepted = 0
  /// Counts facts.
  private(set) var version = 0
  /// Promises broken while the workload ran: numbers given out twice, or changed messages.
  private(set) var violations: [String] = []

  mutating func apply(_ fact: Fact) {
    version += 1
    switch fact {
    case .opened(let epoch):
      if let known = self.epoch, known != epoch { violations.append("the epoch changed from \(known) to \(epoch)") }
      self.epoch = epoch
    case .accepted(let topic, let sequence, let payload):
      if sequence <= topics[topic, default: Topic()].last { violations.append("\(topic) \(sequence) was given out again") }
      keep(topic, sequence, payload)
      accepted += 1
    case .seen(let message):
      if let known = topics[message.topic]?.payload(of: message.sequence) {
        if known != message.payload { violations.append("\(message.topic) \(message.sequence) is another message now") }
      } else {
        keep(message.topic, message.sequence, message.payload)
      }
    case .leaving(let message): excuse(message)
    case .gone(let message): topics[message.topic, default: Topic()].gone.insert(message.sequence)
    }
  }

  private mutating func keep(_ name: String, _ sequence: UInt64, _ payload: [UInt8]) {
    var topic = topics[name] ?? Topic()
    while topic.last < sequence {
      topic.payloads.append(nil)
      topic.places.append(nil)
    }
    topic.payloads[Int(sequence) - 1] = payload
    if Gap(in: payload, of: name) == nil { topic.places[Int(sequence) - 1] = version }
    topics[name] = topic
  }

  private mutating func excuse(_ message: OutboxMessage) {
    topics[message.topic, default: Topic()].excused.insert(message.sequence)
    if let gap = Gap(in: message.payload, of: message.topic) { topics[gap.topic, default: Topic()].excused.formUnion(gap.sequences) }
  }
}

/// What a gap event names.
struct Gap: Hashable {
  let topic: String
  let sequences: ClosedRange<UInt64>

  /// Nil for a message that is no gap event.
  init?(in payload: [UInt8], of topic: String) {
    guard topic.hasSuffix("/events"), let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any],
      let named = object["topic"] as? String, let first = object["first_sequence"] as? UInt64, let last = object["last_sequence"] as? UInt64, first <= last
    else { return nil }
    self.topic = named
    sequences = first...last
  }
}
