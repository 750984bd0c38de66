import Glibc
public import Pipelines

/// Messages for whoever looks after the device, one line each on standard error: with journald's priority prefix under systemd,
/// with a word at a terminal. A message that comes again and again is written once a minute, with its count.
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
    let line = text.split(separator: "\n").joined(separator: " ")
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

  /// Writes a line to standard error in one call, so that threads don't mix their lines.
  public static let standardError: @Sendable (String) -> Void = { line in
    let bytes = Array((line + "\n").utf8)
    _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
