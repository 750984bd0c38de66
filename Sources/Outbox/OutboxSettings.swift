public import Pipelines

extension Outbox {
  /// What an outbox may hold and how often it writes.
  public struct Settings: Sendable {
    /// The database file; its folder must exist.
    public var path: String
    /// What the file may hold, in bytes: payloads and a small overhead each. SQLite's own structure and log come on top, a tenth
    /// and about 1 MiB.
    public var byteLimit: Int
    /// Limits within `byteLimit`, by the class of a topic: the last level of its name, `detections` or `events`.
    public var classLimits: [String: ClassLimit] = [:]
    /// Messages that may wait to be written.
    public var queueLimit = 1024
    /// What isn't urgent waits this long for others to be written with, unless about `commitBytes` are together before. Each commit
    /// writes whole pages of the file, so fewer of them wear flash less.
    public var commitInterval: Duration = .zero
    public var commitBytes = 64 << 10
    /// Where the gap event of a topic goes: `…/PIPELINE/detections` to `…/PIPELINE/events`.
    public var gapTopic: @Sendable (String) -> String = { topic in
      (topic.lastIndex(of: "/").map { topic[...$0] } ?? "") + "events"
    }
    /// After a failure, before the disk is tried again.
    public var retryDelay: Duration = .seconds(2)
    /// Tells how old messages are.
    public var clock: @Sendable () -> (time: WallTime, status: ClockStatus) = { (MonotonicClock.wallTime(), .current()) }

    public init(path: String, byteLimit: Int = 256 << 20) {
      self.path = path
      self.byteLimit = byteLimit
    }

    /// The smallest `byteLimit`, of the whole and of a class.
    public static let leastBytes = 1 << 16

    func validate() throws(OutboxError) {
      guard byteLimit >= Self.leastBytes, queueLimit > 0 else {
        throw OutboxError(.invalidSettings, "the outbox must be allowed at least 64 KiB; raise storage: outbox")
      }
      for (name, limit) in classLimits {
        guard limit.byteLimit ?? byteLimit >= Self.leastBytes, limit.age ?? .seconds(1) >= .seconds(1) else {
          throw OutboxError(.invalidSettings, "the outbox must be allowed at least 64 KiB and a second of ‘\(name)’; raise storage: limits: \(name)")
        }
      }
      guard !path.isEmpty, !path.utf8.contains(0) else {
        throw OutboxError(.invalidSettings, "the outbox needs a file name; check storage: path")
      }
    }
  }

  /// What beyond these is given up, the oldest first, and named by a gap event.
  public struct ClassLimit: Sendable, Equatable {
    public var byteLimit: Int?
    /// Since it was accepted, and up to a sixty-fourth of it more. A message that was accepted while nobody kept the clock is as old as the next one whose time is known; while
    /// the clock isn't kept nothing is given up for its age.
    public var age: Duration?

    public init(byteLimit: Int? = nil, age: Duration? = nil) {
      self.byteLimit = byteLimit
      self.age = age
    }
  }

  /// Of a topic.
  static func className(_ topic: String) -> String {
    topic.lastIndex(of: "/").map { String(topic[topic.index(after: $0)...]) } ?? topic
  }
}
