import JSONReading
import Glibc
public import Pipelines

/// Messages for whoever looks after the device, one line each on standard error: with journald's priority prefix under systemd,
/// with a word at a terminal. A message that comes again and again is written once a minute, with its count; a change of state always is,
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
  private let write: @Sendable (String) -> Void
  private let mutex = PthreadMutex()
  private var seen: [String: Repetition] = [:]
  private var states: [String: State] = [:]

  /// - Parameters:
  ///   - name: The program's, before messages at a terminal.
  ///   - least: Less important messages are left out.
  ///   - write: Takes a line without its newline; standard error by default.
  public init(
    name: String, least: Level = .information, showsPriority: Bool = environmentVariable("JOURNAL_STREAM") != nil,
    write: @escaping @Sendable (String) -> Void = AgentLog.standardError
  ) {
    self.name = name
    self.least = least
    self.showsPriority = showsPriority
    self.write = write
  }

  public func error(_ text: String) { log(.error, text) }
  public func warning(_ text: String) { log(.warning, text) }
  public func notice(_ text: String) { log(.notice, text) }
  public func information(_ text: String) { log(.information, text) }

  /// - Parameter subject: What counts as the same message; the text itself where nil.
  public func log(_ level: Level, _ text: String, subject: String? = nil, at now: MonotonicInstant = MonotonicClock.now()) {
    guard level <= least, let repetitions = admit(subject ?? text, at: now) else { return }
    put(level, text, repetitions)
  }

  /// Says what is the case from now on with something of which only one thing is the case at a time, so that the last line about it is true.
  public func change(_ level: Level, of subject: String, to text: String, at now: MonotonicInstant = MonotonicClock.now()) {
    guard level <= least, admitChange(subject, text, at: now) else { return }
    put(level, text, 0)
  }

  /// Says what somebody asked for or must not miss, every time.
  public func event(_ level: Level, _ text: String) {
    if level <= least { put(level, text, 0) }
  }

  private func put(_ level: Level, _ text: String, _ repetitions: Int) {
    // Some of it may come from outside.
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ").inOneLine(limit: .max)
    let again = repetitions > 0 ? " (\(repetitions) more times since)" : ""
    write(showsPriority ? "<\(level.rawValue)>\(line)\(again)" : "\(name): \(level.word)\(line)\(again)")
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
