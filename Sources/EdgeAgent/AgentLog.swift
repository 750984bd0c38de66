import Glibc
import JSONReading
public import Pipelines
public import Supervision

/// Messages for whoever looks after the device: entries of the journal, with fields, or one line each on standard error, with journald's
/// priority prefix under systemd and a word at a terminal. A message that comes again and again is written once a minute, with its count; a change of state always is,
/// unless it flaps.
public final class AgentLog: @unchecked Sendable {
  public enum Level: Int, Sendable, Comparable {
    case error = 3
    case warning = 4
    case notice = 5
    case information = 6

    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    var word: String {
      switch self {
      case .error: "error: "
      case .warning: "warning: "
      case .notice, .information: ""
      }
    }
  }

  /// What a message is about, for whoever looks through the journal.
  public enum Part: Sendable, Equatable {
    case pipeline(String)
    case camera(String)
    case model(String)

    var field: Journal.Field {
      switch self {
      case .pipeline(let name): Journal.Field("SWIFTLET_PIPELINE", name)
      case .camera(let name): Journal.Field("SWIFTLET_CAMERA", name)
      case .model(let name): Journal.Field("SWIFTLET_MODEL", name)
      }
    }
  }

  private struct Repetition {
    var lastWritten: MonotonicInstant
    var suppressed = 0
  }

  private struct State {
    var text: String
    var lastWritten: MonotonicInstant
    var windowStart: MonotonicInstant
    var changes = 0
  }

  /// Changes of one state that are written within `quietTime`.
  static let mostChanges = 20
  /// How long the same text stays unwritten.
  static let quietTime = Duration.seconds(60)
  /// Texts remembered at most.
  static let memory = 256

  private let name: String
  private let least: Level
  private let showsPriority: Bool
  private let journal: Journal?
  private let write: @Sendable (String) -> Void
  private let mutex = PthreadMutex()
  private var seen: [String: Repetition] = [:]
  private var states: [String: State] = [:]

  /// - Parameters:
  ///   - name: The program's, before messages at a terminal.
  ///   - least: Less important messages are left out.
  ///   - journal: Takes entries in place of lines, where it can be reached.
  ///   - write: Takes a line without its newline; standard error by default.
  public init(
    name: String, least: Level = .information, showsPriority: Bool = Journal.isStandardError(environmentVariable), journal: Journal? = nil,
    write: @escaping @Sendable (String) -> Void = AgentLog.standardError
  ) {
    self.name = name
    self.least = least
    self.showsPriority = showsPriority
    self.journal = journal
    self.write = write
  }

  public func error(_ text: String, about parts: Part...) { log(.error, text, about: parts) }
  public func warning(_ text: String, about parts: Part...) { log(.warning, text, about: parts) }
  public func notice(_ text: String, about parts: Part...) { log(.notice, text, about: parts) }
  public func information(_ text: String, about parts: Part...) { log(.information, text, about: parts) }

  /// - Parameters:
  ///   - subject: What counts as the same message; the text itself where nil.
  ///   - parts: What it is about.
  public func log(_ level: Level, _ text: String, subject: String? = nil, about parts: [Part] = [], at now: MonotonicInstant = MonotonicClock.now()) {
    guard level <= least, let repetitions = admit(subject ?? text, at: now) else { return }
    put(level, text, repetitions, parts)
  }

  /// Says what is the case from now on with something of which only one thing is the case at a time, so that the last line about it is true.
  public func change(_ level: Level, of subject: String, to text: String, about parts: [Part] = [], at now: MonotonicInstant = MonotonicClock.now()) {
    guard level <= least, admitChange(subject, text, at: now) else { return }
    put(level, text, 0, parts)
  }

  /// Says what somebody asked for or must not miss, every time.
  public func event(_ level: Level, _ text: String) {
    if level <= least { put(level, text) }
  }

  /// Says why the process is about to end. On standard error even beside a journal: that knows a stream's unit also once the process is gone,
  /// of an entry it has to look up who sent it, and may come too late.
  public func lastWords(_ level: Level, _ text: String) {
    write(formatted(level, Self.inOneLine(text)))
  }

  private static func inOneLine(_ text: String) -> String { text.split(whereSeparator: \.isNewline).joined(separator: " ").inOneLine(limit: .max) }

  private func formatted(_ level: Level, _ line: String) -> String { showsPriority ? "<\(level.rawValue)>\(line)" : "\(name): \(level.word)\(line)" }

  private func put(_ level: Level, _ text: String, _ repetitions: Int = 0, _ parts: [Part] = []) {
    // Some of it may come from outside.
    let line = Self.inOneLine(text)
    let whole = repetitions > 0 ? "\(line) (\(repetitions) more times since)" : line
    if let journal, journal.send(fields(level, whole, repetitions, parts)) != .unreachable { return }
    write(formatted(level, whole))
  }

  private func fields(_ level: Level, _ message: String, _ repetitions: Int, _ parts: [Part]) -> [Journal.Field] {
    var fields = [Journal.Field("MESSAGE", message), Journal.Field("PRIORITY", "\(level.rawValue)"), Journal.Field("SYSLOG_IDENTIFIER", name)]
    if repetitions > 0 { fields.append(Journal.Field("SWIFTLET_REPEATED", "\(repetitions)")) }
    return fields + parts.map(\.field)
  }

  /// How often the text was held back before, or nil where it is held back now.
  private func admit(_ text: String, at now: MonotonicInstant) -> Int? {
    mutex.withLock {
      if let known = seen[text], known.lastWritten.duration(to: now) < Self.quietTime {
        seen[text]?.suppressed += 1
        return nil
      }
      let suppressed = seen[text]?.suppressed ?? 0
      if seen.count >= Self.memory { seen.removeAll(keepingCapacity: true) }
      seen[text] = Repetition(lastWritten: now)
      return suppressed
    }
  }

  private func admitChange(_ subject: String, _ text: String, at now: MonotonicInstant) -> Bool {
    mutex.withLock {
      guard var known = states[subject] else {
        states[subject] = State(text: text, lastWritten: now, windowStart: now)
        return true
      }
      defer { states[subject] = known }
      if known.windowStart.duration(to: now) >= Self.quietTime { (known.windowStart, known.changes) = (now, 0) }
      guard text != known.text || known.lastWritten.duration(to: now) >= Self.quietTime, known.changes < Self.mostChanges else { return false }
      (known.text, known.lastWritten) = (text, now)
      known.changes += 1
      return true
    }
  }

  /// Writes a line to standard error in one call, so that threads don't mix their lines.
  public static let standardError: @Sendable (String) -> Void = { line in
    let bytes = Array((line + "\n").utf8)
    _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
