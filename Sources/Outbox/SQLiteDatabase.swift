import CSQLite
import Glibc

/// One SQLite connection, used by one thread at a time.
@safe final class SQLiteDatabase {
  let path: String
  private let handle: OpaquePointer

  /// Opens `path`, making it if need be, for this user and group alone.
  init(path: String) throws(OutboxError) {
    self.path = path
    // SQLite would let everyone read it; its log takes on the file's permissions. Only a new file is touched here: closing a
    // descriptor of one that this process has open already would release SQLite's locks on it.
    let made = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    if made >= 0 { _ = Glibc.close(made) }
    var opened: OpaquePointer?
    let status = unsafe sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
    guard status == SQLITE_OK, let opened = unsafe opened else {
      let systemError = unsafe sqlite3_system_errno(opened)
      unsafe sqlite3_close_v2(opened)
      throw Self.error(status, systemError, path)
    }
    unsafe handle = opened
    unsafe sqlite3_extended_result_codes(handle, 1)
  }

  deinit {
    unsafe sqlite3_close_v2(handle)
  }

  /// Runs one or several statements that give nothing back.
  func execute(_ sql: String) throws(OutboxError) {
    let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw error(status) }
  }

  func prepare(_ sql: String) throws(OutboxError) -> SQLiteStatement {
    var statement: OpaquePointer?
    let status = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard status == SQLITE_OK, let statement = unsafe statement else {
      // What is prepared here is right for the tables of an outbox.
      guard status == SQLITE_ERROR else { throw error(status) }
      throw OutboxError(.damaged, "the outbox ‘\(path)’ is damaged (\(unsafe String(cString: sqlite3_errmsg(handle))))")
    }
    return unsafe SQLiteStatement(statement, of: self)
  }

  /// The first column of the first row, nil without one.
  func integer(_ sql: String) throws(OutboxError) -> Int64? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : nil
  }

  func text(_ sql: String) throws(OutboxError) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

  /// Ends a transaction without its changes, if one is open.
  func rollBack() {
    if unsafe sqlite3_get_autocommit(handle) == 0 { _ = unsafe sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  func error(_ status: Int32) -> OutboxError {
    Self.error(status, unsafe sqlite3_system_errno(handle), path)
  }

  /// A service may see a file system as read-only that isn't.
  private static let readOnlyAdvice =
    "mount the disk for writing, or, if this is a service and the folder not below /var/lib/swiftlet, allow it with ‘ReadWritePaths=’ by ‘systemctl edit’"

  /// Puts SQLite's status into words that say what to do.
  static func error(_ status: Int32, _ systemError: Int32, _ path: String) -> OutboxError {
    let reason = unsafe String(cString: sqlite3_errstr(status))
    let cause = systemError == 0 ? reason : "\(reason), \(unsafe String(cString: strerror(systemError)))"
    if [ENOSPC, EDQUOT, EFBIG].contains(systemError) && status & 0xFF != SQLITE_CORRUPT {
      return OutboxError(.diskFull, "the disk is full, the outbox ‘\(path)’ can't grow; free space or lower storage: outbox")
    }
    // SQLite may name only what it tried after that.
    let isReadOnly = systemError == EROFS || (unsafe access(path, W_OK) != 0 && errno == EROFS)
    if isReadOnly { return OutboxError(.readOnly, "the outbox ‘\(path)’ can't be written to (\(cause)); \(readOnlyAdvice)") }
    switch status & 0xFF {
    case SQLITE_FULL:
      return OutboxError(.diskFull, "the disk is full, the outbox ‘\(path)’ can't grow; free space or lower storage: outbox")
    case SQLITE_READONLY:
      return OutboxError(.readOnly, "the outbox ‘\(path)’ can't be written to (\(cause)); check the permissions and that the disk is mounted for writing")
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      return OutboxError(.damaged, "the outbox ‘\(path)’ is damaged (\(cause))")
    case SQLITE_BUSY, SQLITE_LOCKED:
      return OutboxError(.inUse, "the outbox ‘\(path)’ is in use by another process; stop the other agent or give this one its own storage: path")
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
      return OutboxError(.unavailable, "the outbox ‘\(path)’ can't be opened (\(cause)); check that the folder exists and belongs to this user")
    case SQLITE_NOMEM:
      return OutboxError(.unavailable, "no memory left for the outbox ‘\(path)’")
    default:
      return OutboxError(.unavailable, "the outbox ‘\(path)’ can't be read or written (\(cause)); check the disk")
    }
  }
}

/// A prepared statement; columns and parameters count from 0 and 1, as in SQLite.
@safe final class SQLiteStatement {
  private let handle: OpaquePointer
  // Keeps the connection open as long as its statements live.
  private let database: SQLiteDatabase

  init(_ handle: OpaquePointer, of database: SQLiteDatabase) {
    unsafe self.handle = handle
    self.database = database
  }

  deinit {
    unsafe sqlite3_finalize(handle)
  }

  /// Makes it ready to run again.
  func reset() {
    unsafe sqlite3_reset(handle)
    unsafe sqlite3_clear_bindings(handle)
  }

  /// - Returns: whether there is a row to read.
  func step() throws(OutboxError) -> Bool {
    switch unsafe sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let status: throw database.error(status)
    }
  }

  /// Runs it to its end and makes it ready to run again.
  func run() throws(OutboxError) {
    defer { reset() }
    while try step() {}
  }

  func bind(_ parameter: Int32, _ value: Int64) {
    unsafe sqlite3_bind_int64(handle, parameter, value)
  }

  func bind(_ parameter: Int32, _ text: String) {
    unsafe sqlite3_bind_text64(handle, parameter, text, UInt64(text.utf8.count), Self.copied, UInt8(SQLITE_UTF8))
  }

  func bind(_ parameter: Int32, _ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe _ = sqlite3_bind_blob64(handle, parameter, $0.baseAddress, UInt64($0.count), Self.copied) }
    // An empty array has no address, which SQLite would take for NULL.
    if bytes.isEmpty { unsafe sqlite3_bind_zeroblob(handle, parameter, 0) }
  }

  func integer(_ column: Int32) -> Int64 {
    unsafe sqlite3_column_int64(handle, column)
  }

  func isNull(_ column: Int32) -> Bool {
    unsafe sqlite3_column_type(handle, column) == SQLITE_NULL
  }

  /// Malformed UTF-8 is repaired.
  func text(_ column: Int32) -> String {
    String(decoding: bytes(column), as: UTF8.self)
  }

  func bytes(_ column: Int32) -> [UInt8] {
    let start = unsafe sqlite3_column_blob(handle, column)
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// Tells SQLite to copy what is bound.
  private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
