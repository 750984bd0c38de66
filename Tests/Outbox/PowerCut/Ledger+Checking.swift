import Glibc
import Outbox

extension Ledger {
  /// Compares what an outbox gives out, from its oldest message on, with what was promised.
  ///
  /// - Parameter writes: what a message that was never reported may hold; such are found where a commit was complete on the disk before it
  ///   was reported.
  /// - Returns: every broken promise, in words.
  func violations(in messages: [OutboxMessage], epoch: String, writes: (OutboxMessage) -> Bool) -> [String] {
    if let known = self.epoch, known != epoch { return ["the epoch is \(epoch) instead of \(known)"] }
    var problems: [String] = []
    var numbers = FoundNumbers(messages)
    var place = 0
    for (index, message) in messages.enumerated() {
      let name = "\(message.topic) \(message.sequence)"
      if index > 0 && messages[index - 1].id >= message.id { problems.append("\(name) comes out of order") }
      if !numbers.insert(message) { problems.append("\(name) isn't newer than the one before it") }
      let topic = topics[message.topic]
      if topic?.gone.contains(message.sequence) == true { problems.append("\(name) is back, though its removal was reported") }
      if let known = topic?.payload(of: message.sequence) {
        if !Self.same(known, message.payload) { problems.append("\(name) was changed") }
      } else if !message.topic.hasSuffix("/events") && !writes(message) {
        problems.append("\(name) is what nobody wrote")
      }
      guard let topic, message.sequence <= topic.last, let own = topic.places[Int(message.sequence) - 1] else { continue }
      if own < place { problems.append("\(name) comes after one that was accepted later") }
      place = own
    }
    for (name, topic) in topics { problems += missing(name, topic, numbers) }
    for name in numbers.newest.keys where topics[name] == nil { problems += missing(name, Topic(), numbers) }
    return problems
  }

  /// Up to the newest known number each is in the file, named by a gap event, or excused.
  private func missing(_ name: String, _ topic: Topic, _ numbers: FoundNumbers) -> [String] {
    let newest = max(topic.last, numbers.newest[name] ?? 0)
    guard newest > 0 else { return [] }
    var isCovered = [Bool](repeating: false, count: Int(newest) + 1)
    for sequence in numbers.found[name] ?? [] { isCovered[Int(sequence)] = true }
    for sequences in numbers.named[name] ?? [] {
      for sequence in sequences where sequence <= newest { isCovered[Int(sequence)] = true }
    }
    for sequence in topic.excused where sequence <= newest { isCovered[Int(sequence)] = true }
    return isCovered.indices.dropFirst().filter { !isCovered[$0] }.map { "\(name) \($0) of \(topic.last) is missing" }
  }

  /// The numbers that the next messages of these topics get.
  func next(in names: [String], after messages: [OutboxMessage]) -> [UInt64] {
    var numbers = FoundNumbers(messages)
    for message in messages { _ = numbers.insert(message) }
    return names.map { max(topics[$0]?.last ?? 0, numbers.newest[$0] ?? 0, numbers.named[$0]?.map(\.upperBound).max() ?? 0) + 1 }
  }

  static func same(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    return unsafe memcmp(one, other, one.count) == 0
  }
}

/// The numbers in a file, by topic: of its messages, and those that its gap events name.
private struct FoundNumbers {
  private(set) var found: [String: [UInt64]] = [:]
  private(set) var newest: [String: UInt64] = [:]
  private(set) var named: [String: [ClosedRange<UInt64>]] = [:]

  init(_ messages: [OutboxMessage]) {
    for message in messages where message.topic.hasSuffix("/events") {
      if let gap = Gap(in: message.payload, of: message.topic) { named[gap.topic, default: []].append(gap.sequences) }
    }
  }

  /// - Returns: whether it is newer than all of its topic before it.
  mutating func insert(_ message: OutboxMessage) -> Bool {
    let isNewer = message.sequence > newest[message.topic] ?? 0
    newest[message.topic] = max(newest[message.topic] ?? 0, message.sequence)
    found[message.topic, default: []].append(message.sequence)
    return isNewer
  }
}
