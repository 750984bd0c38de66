import Pipelines

extension OutboxStore {
  /// What a commit did.
  struct Commit {
    /// The drafts' numbers, nil for one that is larger than the outbox.
    var numbers: [MessageNumber?] = []
    var gaps: [GapMessage] = []
    /// Of what was written.
    var bytes = 0
    /// When; asked once, as the kernel is.
    let time: WallTime
    let clock: ClockStatus

    init(_ settings: Outbox.Settings) { (time, clock) = settings.clock() }
  }

  /// Writes drafts and removes acknowledged messages in one transaction; when a limit is reached the oldest messages make
  /// room, and a gap event names them, as it does those that have become too old. All or nothing: after an error everything is as before.
  func commit(_ drafts: [OutboxDraft], removing acknowledged: [Int64], discarding refused: [(Int64, GapMessage.Reason)]) throws(OutboxError) -> Commit {
    let commit = Commit(settings)
    let ageing = classesThatAge(at: commit)
    guard !(drafts.isEmpty && acknowledged.isEmpty && refused.isEmpty && ageing.isEmpty) else { return commit }
    return try transaction(commit) { (commit) throws(OutboxError) in
      for id in acknowledged { _ = try remove(id) }
      for (id, reason) in refused { try discard(id, reason, &commit) }
      for (name, age) in ageing { try expire(name, age, &commit) }
      for draft in drafts { commit.numbers.append(try append(draft, &commit)) }
    }
  }

  private func transaction(_ begun: Commit, _ change: (inout Commit) throws(OutboxError) -> Void) throws(OutboxError) -> Commit {
    let before = content
    do {
      var commit = begun
      try database.execute("BEGIN IMMEDIATE")
      try change(&commit)
      try holdClassLimits(&commit)
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
    let before = content.bytes
    return try transaction(Commit(settings)) { (commit) throws(OutboxError) in
      for id in acknowledged { _ = try remove(id) }
      try makeRoom(freeing: bytes - (before - content.bytes), &commit)
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
    let classLimit = settings.classLimits[topic.className]?.byteLimit
    guard cost <= min(classLimit ?? .max, settings.byteLimit) / 2 else { return nil }
    let hasRoom = content.bytes + cost <= settings.byteLimit && (content.classes[topic.className]?.bytes ?? 0) + cost <= classLimit ?? .max
    if hasRoom { return try insert(draft.topic, payload, number, gap: nil, &commit) }
    if let classLimit { try makeRoom(for: cost, within: classLimit, of: topic.className, &commit) }
    try makeRoom(for: cost, within: settings.byteLimit, of: nil, &commit)
    // Gap events may have taken numbers of this topic.
    return try insert(draft.topic, encoding: draft.encode, gap: nil, &commit)
  }

  /// A sixteenth at once: one gap event then names many messages.
  private func makeRoom(for cost: Int, within limit: Int, of className: String?, _ commit: inout Commit) throws(OutboxError) {
    let held = className.map { content.classes[$0]?.bytes ?? 0 } ?? content.bytes
    guard held + cost > limit else { return }
    try makeRoom(freeing: held + cost - limit + limit / 16, of: className, &commit)
  }

  /// Gap events come without asking for room.
  private func holdClassLimits(_ commit: inout Commit) throws(OutboxError) {
    for (name, limit) in settings.classLimits.sorted(by: { $0.key < $1.key }) {
      guard let byteLimit = limit.byteLimit else { continue }
      try makeRoom(for: 0, within: byteLimit, of: name, &commit)
    }
  }

  private func insert(
    _ topic: String, encoding encode: (MessageNumber) -> [UInt8], gap: GapMessage?, _ commit: inout Commit
  ) throws(OutboxError) -> MessageNumber {
    let number = MessageNumber(epoch: epoch, sequence: try findOrMakeTopic(topic).next)
    return try insert(topic, encode(number), number, gap: gap, &commit)
  }

  private func insert(
    _ name: String, _ payload: [UInt8], _ number: MessageNumber, gap: GapMessage?, _ commit: inout Commit
  ) throws(OutboxError) -> MessageNumber {
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
    if commit.clock == .synchronised { statements.insert.bind(9, commit.time.seconds) }
    try statements.insert.run()
    statements.updateTopic.bind(1, topic.row)
    statements.updateTopic.bind(2, Int64(clamping: number.sequence + 1))
    try statements.updateTopic.run()
    content.topics[name]?.next = number.sequence + 1
    content.add(cost, ofRow: topic.row)
    content.messages += 1
    commit.bytes += cost
    return number
  }

  private func findOrMakeTopic(_ name: String) throws(OutboxError) -> Topic {
    if let topic = content.topics[name] { return topic }
    statements.insertTopic.bind(1, name)
    statements.insertTopic.bind(2, 1)
    try statements.insertTopic.run()
    content.add(name, row: database.lastInsertedRow, next: 1)
    return content.topics[name]!
  }

  /// - Returns: false when it was gone already.
  func remove(_ id: Int64) throws(OutboxError) -> Bool {
    defer { statements.delete.reset() }
    statements.delete.bind(1, id)
    guard try statements.delete.step() else { return false }
    content.add(-Int(statements.delete.integer(0)), ofRow: statements.delete.integer(1))
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
    let named = Self.named(by: row, from: 2)
    if let named { ranges.insert(named.topic, named.sequences) }
    row.reset()
    _ = try remove(id)
    // A broker that refused a gap event would refuse the next, without end: who watches the outbox is told, the broker isn't.
    if reason == .refused, named != nil { return commit.gaps += gaps(ranges, reason, commit) }
    try report(ranges, reason, &commit)
  }

  func report(_ ranges: GapRanges, _ reason: GapMessage.Reason, _ commit: inout Commit) throws(OutboxError) {
    for gap in gaps(ranges, reason, commit) {
      _ = try insert(settings.gapTopic(gap.topic), encoding: { gap.encoded(as: $0) }, gap: gap, &commit)
      commit.gaps.append(gap)
    }
  }

  private func gaps(_ ranges: GapRanges, _ reason: GapMessage.Reason, _ commit: Commit) -> [GapMessage] {
    ranges.all.map { GapMessage(capturedAt: commit.time, clock: commit.clock, topic: $0.topic, sequences: $0.sequences, reason: reason) }
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
