import Pipelines

// What is given up for newer messages, or for its age: always the oldest first, and always named by a gap event.
extension OutboxStore {
  /// A row of `messages` without its payload.
  private struct Row {
    let id: Int64
    let topic: String
    let sequence: UInt64
    let cost: Int
    /// What the row names, where it is itself a gap event.
    let gap: (topic: String, sequences: ClosedRange<UInt64>)?
    /// Seconds since 1970; nil where the clock wasn't kept.
    let written: Int64?
  }

  /// In one commit.
  private static let mostExpiries = 1024
  /// Of an age.
  private static let expirySteps: Int64 = 64

  /// The oldest rows after `position`, at most 256.
  private func rows(after position: Int64) throws(OutboxError) -> [Row] {
    let oldest = statements.oldest
    defer { oldest.reset() }
    oldest.bind(1, position)
    var found: [Row] = []
    while try oldest.step() {
      found.append(
        Row(
          id: oldest.integer(0), topic: oldest.text(1), sequence: UInt64(clamping: oldest.integer(2)), cost: Int(oldest.integer(3)),
          gap: Self.named(by: oldest, from: 4), written: oldest.isNull(7) ? nil : oldest.integer(7)))
    }
    return found
  }

  /// What a gap event names, in three columns; nil for another message.
  static func named(by row: SQLiteStatement, from column: Int32) -> (topic: String, sequences: ClosedRange<UInt64>)? {
    guard !row.isNull(column), row.integer(column + 1) <= row.integer(column + 2) else { return nil }
    return (row.text(column), UInt64(clamping: row.integer(column + 1))...UInt64(clamping: row.integer(column + 2)))
  }

  private func giveUp(_ row: Row, _ ranges: inout GapRanges) throws(OutboxError) {
    guard try remove(row.id) else { throw OutboxError(.damaged, "the outbox ‘\(database.path)’ is damaged (a listed message can't be found)") }
    ranges.insert(row.topic, row.sequence...row.sequence)
    if let gap = row.gap { ranges.insert(gap.topic, gap.sequences) }
    content.evicted += 1
  }

  /// - Parameter className: gives up only messages of this class; nil for the oldest of all.
  func makeRoom(freeing bytes: Int, of className: String? = nil, _ commit: inout Commit) throws(OutboxError) {
    var ranges = GapRanges()
    var freed = 0
    var position = className.flatMap { content.classes[$0]?.position } ?? 0
    // The gap events need room too. Those given up with their neighbours' become one, so this ends.
    search: while freed < bytes + ranges.cost {
      let rows = try rows(after: position)
      guard !rows.isEmpty else { break }
      for row in rows {
        position = row.id
        guard className == nil || Outbox.className(row.topic) == className else { continue }
        try giveUp(row, &ranges)
        freed += row.cost
        if freed >= bytes + ranges.cost { break search }
      }
    }
    if let className { content.classes[className]?.position = position }
    try report(ranges, .storageFull, &commit)
  }

  /// The classes of which something may be too old by the time of `commit`.
  func classesThatAge(at commit: Commit) -> [(name: String, age: Int64)] {
    guard commit.clock == .synchronised else { return [] }
    return settings.classLimits.compactMap { name, limit in
      guard let age = limit.age?.components.seconds, let held = content.classes[name], held.bytes > 0 else { return nil }
      // A look that lies farther ahead than the age was planned by a clock that has been set back since.
      let wait = held.nextExpiry - commit.time.seconds
      return wait <= 0 || wait > age + age / Self.expirySteps ? (name, age) : nil
    }.sorted { $0.name < $1.name }
  }

  /// Gives up what is older than `age`, in seconds; a part of it where it is much.
  func expire(_ className: String, _ age: Int64, _ commit: inout Commit) throws(OutboxError) {
    let (last, next) = try oldestToKeep(of: className, commit.time.seconds, age)
    content.classes[className]?.nextExpiry = next
    guard let last else { return }
    var ranges = GapRanges()
    var position = content.classes[className]?.position ?? 0
    while position < last {
      for row in try rows(after: position) where row.id <= last {
        position = row.id
        if Outbox.className(row.topic) == className { try giveUp(row, &ranges) }
      }
    }
    content.classes[className]?.position = last
    try report(ranges, .expired, &commit)
  }

  /// - Returns: the last message that is too old, nil for none, and when to look again.
  private func oldestToKeep(of className: String, _ now: Int64, _ age: Int64) throws(OutboxError) -> (last: Int64?, next: Int64) {
    var position = content.classes[className]?.position ?? 0
    var last: Int64?
    var count = 0
    while true {
      let rows = try rows(after: position)
      guard !rows.isEmpty else { return (last, now + age) }
      for row in rows {
        position = row.id
        // Without a time, or with one to come, it is as old as the next one that has one.
        guard let written = row.written, written <= now, Outbox.className(row.topic) == className else { continue }
        // In steps: one gap event then names many.
        guard written <= now - age else { return (last, max(written + age, now + age / Self.expirySteps)) }
        last = row.id
        count += 1
        if count == Self.mostExpiries { return (last, now) }
      }
    }
  }
}
