import Pipelines

extension OutboxStore {
  /// What a commit did.
  struct Commit {
    /// The drafts' numbers, nil for one that is larger than the outbox.
    var numbers: [MessageNumber?] = []
    var gaps: [GapMessage] = []
  }

  /// Writes drafts and removes acknowledged messages in one transaction; when the limit is reached the oldest messages make
  /// room, and a gap event names them. All or nothing: after an error everything is as before.
  func commit(_ drafts: [OutboxDraft], removing acknowledged: [Int64], discarding refused: [(Int64, GapMessage.Reason)]) throws(OutboxError) -> Commit {
    let before = content
    do {
      var commit = Commit()
      try database.execute("BEGIN IMMEDIATE")
      for id in acknowledged { _ = try remove(id) }
      for (id, reason) in refused { try discard(id, reason, &commit) }
      for draft in drafts { commit.numbers.append(try append(draft, &commit)) }
      try database.execute("COMMIT")
      return commit
    } catch {
      database.rollBack()
      content = before
      throw error
    }
  }

  /// Frees `bytes`: removes acknowledged messages and, where that isn't enough, gives up the oldest, with their gap events.
  func evict(bytes: Int, removing acknowledged: [Int64]) throws(OutboxError) -> Commit {
    let before = content
    do {
      var commit = Commit()
      try database.execute("BEGIN IMMEDIATE")
      for id in acknowledged { _ = try remove(id) }
      try makeRoom(freeing: bytes - (before.bytes - content.bytes), &commit)
      try database.execute("COMMIT")
      return commit
    } catch {
      database.rollBack()
      content = before
      throw error
    }
  }

  /// Moves the log into the file, so that its space is free again.
  func checkpoint() throws(OutboxError) {
    try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  private func append(_ draft: OutboxDraft, _ commit: inout Commit) throws(OutboxError) -> MessageNumber? {
    let topic = try findOrMakeTopic(draft.topic)
    let number = MessageNumber(epoch: epoch, sequence: topic.next)
    let payload = draft.encode(number)
    let cost = payload.count + Self.rowOverhead
    guard cost <= byteLimit / 2 else { return nil }
    if content.bytes + cost > byteLimit {
      // A sixteenth at once: one gap event then names many messages.
      try makeRoom(freeing: content.bytes + cost - byteLimit + byteLimit / 16, &commit)
      // Gap events may have taken numbers of this topic.
      return try insert(draft.topic, encoding: draft.encode, gap: nil)
    }
    return try insert(draft.topic, payload, number, gap: nil)
  }

  private func insert(_ topic: String, encoding encode: (MessageNumber) -> [UInt8], gap: GapMessage?) throws(OutboxError) -> MessageNumber {
    let number = MessageNumber(epoch: epoch, sequence: try findOrMakeTopic(topic).next)
    return try insert(topic, encode(number), number, gap: gap)
  }

  private func insert(_ name: String, _ payload: [UInt8], _ number: MessageNumber, gap: GapMessage?) throws(OutboxError) -> MessageNumber {
    let topic = try findOrMakeTopic(name)
    let cost = payload.count + Self.rowOverhead
    statements.insert.bind(1, topic.row)
    statements.insert.bind(2, Int64(clamping: number.sequence))
    statements.insert.bind(3, Int64(cost))
    statements.insert.bind(4, Int64(Self.checksum(name, number.sequence, payload)))
    if let gap {
      statements.insert.bind(5, gap.topic)
      statements.insert.bind(6, Int64(clamping: gap.sequences.lowerBound))
      statements.insert.bind(7, Int64(clamping: gap.sequences.upperBound))
    }
    statements.insert.bind(8, payload)
    try statements.insert.run()
    statements.updateTopic.bind(1, topic.row)
    statements.updateTopic.bind(2, Int64(clamping: number.sequence + 1))
    try statements.updateTopic.run()
    content.topics[name] = Topic(row: topic.row, next: number.sequence + 1)
    content.bytes += cost
    content.messages += 1
    return number
  }

  private func findOrMakeTopic(_ name: String) throws(OutboxError) -> Topic {
    if let topic = content.topics[name] { return topic }
    statements.insertTopic.bind(1, name)
    statements.insertTopic.bind(2, 1)
    try statements.insertTopic.run()
    let topic = Topic(row: database.lastInsertedRow, next: 1)
    content.topics[name] = topic
    return topic
  }

  /// - Returns: false when it was gone already.
  private func remove(_ id: Int64) throws(OutboxError) -> Bool {
    defer { statements.delete.reset() }
    statements.delete.bind(1, id)
    guard try statements.delete.step() else { return false }
    content.bytes -= Int(statements.delete.integer(0))
    content.messages -= 1
    while try statements.delete.step() {}
    return true
  }

  private func discard(_ id: Int64, _ reason: GapMessage.Reason, _ commit: inout Commit) throws(OutboxError) {
    let row = try database.prepare(
      "SELECT topics.name, sequence, gap_topic, gap_first, gap_last FROM messages JOIN topics ON topics.id = messages.topic WHERE messages.id = ?1")
    row.bind(1, id)
    guard try row.step() else { return }
    let sequence = UInt64(clamping: row.integer(1))
    var ranges = GapRanges([(row.text(0), sequence...sequence)])
    // A broker that refused a gap event would refuse the next that names the same, and with each round there would be more.
    if reason == .damaged, let (topic, sequences) = Self.named(by: row, from: 2) { ranges.insert(topic, sequences) }
    row.reset()
    _ = try remove(id)
    try report(ranges, reason, &commit)
  }

  private func makeRoom(freeing bytes: Int, _ commit: inout Commit) throws(OutboxError) {
    var ranges = GapRanges()
    var freed = 0
    // The gap events need room too. Those given up with their neighbours' become one, so this ends.
    while freed < bytes + ranges.cost && content.messages > 0 {
      for (id, cost, lost) in try oldestMessages(worth: bytes + ranges.cost - freed) {
        for (topic, sequences) in lost { ranges.insert(topic, sequences) }
        guard try remove(id) else { throw OutboxError(.damaged, "the outbox ‘\(database.path)’ is damaged (a listed message can't be found)") }
        freed += cost
        content.evicted += 1
      }
    }
    try report(ranges, .storageFull, &commit)
  }

  /// The oldest messages up to `bytes`, at most 256 and at least one, with what giving each up loses.
  private func oldestMessages(worth bytes: Int) throws(OutboxError) -> [(id: Int64, cost: Int, lost: [(String, ClosedRange<UInt64>)])] {
    let oldest = statements.oldest
    defer { oldest.reset() }
    var found: [(id: Int64, cost: Int, lost: [(String, ClosedRange<UInt64>)])] = []
    var sum = 0
    while sum < bytes, try oldest.step() {
      let sequence = UInt64(clamping: oldest.integer(2))
      var lost = [(oldest.text(1), sequence...sequence)]
      if let named = Self.named(by: oldest, from: 4) { lost.append(named) }
      let cost = Int(oldest.integer(3))
      found.append((oldest.integer(0), cost, lost))
      sum += max(cost, 1)
    }
    return found
  }

  /// What a gap event names, in three columns; nil for another message.
  private static func named(by row: SQLiteStatement, from column: Int32) -> (String, ClosedRange<UInt64>)? {
    guard !row.isNull(column), row.integer(column + 1) <= row.integer(column + 2) else { return nil }
    return (row.text(column), UInt64(clamping: row.integer(column + 1))...UInt64(clamping: row.integer(column + 2)))
  }

  private func report(_ ranges: GapRanges, _ reason: GapMessage.Reason, _ commit: inout Commit) throws(OutboxError) {
    for (topic, sequences) in ranges.all {
      let gap = GapMessage(capturedAt: MonotonicClock.wallTime(), clock: ClockStatus.current(), topic: topic, sequences: sequences, reason: reason)
      _ = try insert(gapTopic(topic), encoding: { gap.encoded(as: $0) }, gap: gap)
      commit.gaps.append(gap)
    }
  }

  static func checksum(_ topic: String, _ sequence: UInt64, _ payload: [UInt8]) -> UInt32 {
    Checksum.of("\(sequence)/\(topic)/".utf8, payload)
  }
}

/// Lost sequences by topic, joined where they touch.
struct GapRanges {
  private(set) var all: [(topic: String, sequences: ClosedRange<UInt64>)] = []

  init(_ ranges: [(String, ClosedRange<UInt64>)] = []) {
    for (topic, sequences) in ranges { insert(topic, sequences) }
  }

  /// More than the events that name them take.
  var cost: Int { all.reduce(0) { $0 + 2 * $1.topic.utf8.count + 384 } }

  mutating func insert(_ topic: String, _ sequences: ClosedRange<UInt64>) {
    for index in all.indices.reversed() where all[index].topic == topic {
      let known = all[index].sequences
      guard sequences.lowerBound <= known.upperBound.advanced(by: 1), known.lowerBound <= sequences.upperBound.advanced(by: 1) else { continue }
      all[index].sequences = min(known.lowerBound, sequences.lowerBound)...max(known.upperBound, sequences.upperBound)
      return
    }
    all.append((topic, sequences))
  }
}
