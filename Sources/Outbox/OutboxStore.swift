import Glibc
import Pipelines

/// A message to write: its payload is built when its number is known.
struct OutboxDraft: Sendable {
  let topic: String
  let encode: @Sendable (MessageNumber) -> [UInt8]
}

/// A message waiting for its acknowledgement.
public struct OutboxMessage: Sendable, Equatable {
  /// Orders messages over all topics; names the message to the outbox.
  public let id: Int64
  public let epoch: String
  public let topic: String
  public let sequence: UInt64
  public let payload: [UInt8]
}

/// The outbox's file and what is known about its content. One thread at a time.
///
/// Tables: `topics` keeps each topic's next sequence, also when no message of it is left; `messages` holds what waits, in the
/// order of `id`, with the second at which it was accepted, where the clock was kept; a message that is itself a gap event has the
/// range it names in `gap_*`, so that nothing is forgotten should the event be evicted in its turn. WAL with `synchronous=FULL`: a commit returns after the log is on the disk, and so
/// survives power loss. `locking_mode=EXCLUSIVE`: one agent, and no shared-memory file.
final class OutboxStore {
  struct Topic {
    let row: Int64
    let className: String
    var next: UInt64
  }

  /// What a class of topics holds.
  struct ClassContent {
    var bytes = 0
    /// Nothing of it has this id or a smaller one.
    var position: Int64 = 0
    /// Seconds since 1970 before which nothing of it is too old.
    var nextExpiry: Int64 = 0
  }

  /// What a transaction changes, to be taken back with it.
  struct Content {
    var topics: [String: Topic] = [:]
    /// The class of each topic's row.
    var classNames: [Int64: String] = [:]
    var classes: [String: ClassContent] = [:]
    var bytes = 0
    var messages = 0
    var evicted: UInt64 = 0

    mutating func add(_ name: String, row: Int64, next: UInt64) {
      let className = Outbox.className(name)
      topics[name] = Topic(row: row, className: className, next: next)
      classNames[row] = className
    }

    /// Counts bytes that come to a topic, or leave it.
    mutating func add(_ bytes: Int, ofRow row: Int64) {
      self.bytes += bytes
      classes[classNames[row] ?? "", default: ClassContent()].bytes += bytes
    }
  }

  static let applicationID: Int64 = 0x7377_6C6F
  /// Version 1 kept no times.
  static let schemaVersion: Int64 = 2
  /// Bytes that a message takes beside its payload, reckoned generously.
  static let rowOverhead = 64
  static let walPages = 256

  let database: SQLiteDatabase
  let epoch: String
  let settings: Outbox.Settings
  var content = Content()
  private(set) var statements: Statements

  struct Statements {
    let insert: SQLiteStatement
    let insertTopic: SQLiteStatement
    let updateTopic: SQLiteStatement
    let delete: SQLiteStatement
    let oldest: SQLiteStatement
    let next: SQLiteStatement
  }

  /// Opens or makes the file.
  ///
  /// - Throws: `.damaged` when the content doesn't hold together, beside what opening can throw.
  init(_ settings: Outbox.Settings) throws(OutboxError) {
    self.settings = settings
    database = try SQLiteDatabase(path: settings.path)
    try database.execute(
      """
      PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=\(Self.walPages);
      PRAGMA journal_size_limit=\(Self.walPages * 4096); PRAGMA cache_size=-512; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;
      """)
    if try database.integer("SELECT count(*) FROM sqlite_schema") == 0 {
      try Self.makeSchema(in: database)
    }
    if try database.integer("PRAGMA user_version") == 1, try Self.columnCount(database) == 9 {
      try database.execute("BEGIN IMMEDIATE; ALTER TABLE messages ADD COLUMN written INTEGER; PRAGMA user_version=\(Self.schemaVersion); COMMIT")
    }
    epoch = try Self.check(database)
    try Self.settle(database)
    statements = try Self.prepare(in: database)
    content = try Self.readContent(of: database)
  }

  private static func makeSchema(in database: SQLiteDatabase) throws(OutboxError) {
    try database.execute(
      """
      BEGIN IMMEDIATE;
      CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, next_sequence INTEGER NOT NULL);
      CREATE TABLE messages(
        id INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER NOT NULL, sequence INTEGER NOT NULL, cost INTEGER NOT NULL, checksum INTEGER NOT NULL,
        gap_topic TEXT, gap_first INTEGER, gap_last INTEGER, payload BLOB NOT NULL, written INTEGER);
      INSERT INTO meta VALUES('epoch', '\(Epoch.random())');
      PRAGMA application_id=\(applicationID);
      PRAGMA user_version=\(schemaVersion);
      COMMIT;
      """)
  }

  private static func columnCount(_ database: SQLiteDatabase) throws(OutboxError) -> Int64? {
    try database.integer("SELECT count(*) FROM pragma_table_info('messages')")
  }

  /// What a killed process had in its log but not on the disk yet looks committed here. Before anyone is shown it, and numbers go on from
  /// it, it is synced: a checkpoint begins with that, and a disk that is full stops only what follows.
  private static func settle(_ database: SQLiteDatabase) throws(OutboxError) {
    do {
      try database.execute("PRAGMA wal_checkpoint(PASSIVE)")
    } catch  where error.code == .diskFull {}
  }

  /// - Returns: the epoch, of a file that holds together.
  private static func check(_ database: SQLiteDatabase) throws(OutboxError) -> String {
    func damage(_ reason: String) -> OutboxError { OutboxError(.damaged, "the outbox ‘\(database.path)’ is damaged (\(reason))") }
    guard try database.integer("PRAGMA application_id") == applicationID, let version = try database.integer("PRAGMA user_version"),
      version >= schemaVersion
    else { throw damage("it is no outbox of this version") }
    guard version == schemaVersion else {
      var error = OutboxError(
        .damaged, "the outbox ‘\(database.path)’ has format \(version), of a later version of this program, which reads \(schemaVersion)")
      error.laterFormat = version
      throw error
    }
    let verdict = try database.text("PRAGMA quick_check(1)")
    guard verdict == "ok" else { throw damage(verdict ?? "no verdict") }
    guard try columnCount(database) == 10, let epoch = try database.text("SELECT value FROM meta WHERE key='epoch'"), epoch.utf8.count == 16,
      epoch.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { throw damage("a table or the epoch is missing") }
    let stray = try database.integer(
      """
      SELECT count(*) FROM messages LEFT JOIN topics ON topics.id = messages.topic
      WHERE topics.id IS NULL OR sequence < 1 OR sequence >= next_sequence OR cost < 0 OR typeof(sequence) != 'integer' OR typeof(cost) != 'integer'
      """)
    guard stray == 0 else { throw damage("\(stray ?? 0) messages don't fit their topics' counts") }
    // Every message ever written took one id and one sequence; a topic that counts too low would give numbers out again.
    let numbered = try database.integer("SELECT CAST(total(next_sequence - 1) AS INTEGER) FROM topics")
    let written = try database.integer("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'")
    guard numbered == written else { throw damage("its topics count \(numbered ?? 0) messages where \(written ?? 0) were written") }
    return epoch
  }

  private static func prepare(in database: SQLiteDatabase) throws(OutboxError) -> Statements {
    Statements(
      insert: try database.prepare(
        "INSERT INTO messages(topic, sequence, cost, checksum, gap_topic, gap_first, gap_last, payload, written) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"),
      insertTopic: try database.prepare("INSERT INTO topics(name, next_sequence) VALUES(?1, ?2)"),
      updateTopic: try database.prepare("UPDATE topics SET next_sequence=?2 WHERE id=?1"),
      delete: try database.prepare("DELETE FROM messages WHERE id=?1 RETURNING cost, topic"),
      oldest: try database.prepare(
        """
        SELECT messages.id, topics.name, sequence, cost, gap_topic, gap_first, gap_last, written
        FROM messages JOIN topics ON topics.id = messages.topic WHERE messages.id > ?1 ORDER BY messages.id LIMIT 256
        """),
      next: try database.prepare(
        """
        SELECT messages.id, topics.name, sequence, checksum, payload
        FROM messages JOIN topics ON topics.id = messages.topic WHERE messages.id > ?1 ORDER BY messages.id LIMIT ?2
        """))
  }

  private static func readContent(of database: SQLiteDatabase) throws(OutboxError) -> Content {
    var content = Content()
    content.messages = Int(try database.integer("SELECT count(*) FROM messages") ?? 0)
    let topics = try database.prepare("SELECT name, id, next_sequence FROM topics")
    while try topics.step() {
      content.add(topics.text(0), row: topics.integer(1), next: UInt64(clamping: topics.integer(2)))
    }
    let sums = try database.prepare("SELECT topic, sum(cost) FROM messages GROUP BY topic")
    while try sums.step() { content.add(Int(sums.integer(1)), ofRow: sums.integer(0)) }
    return content
  }
}
