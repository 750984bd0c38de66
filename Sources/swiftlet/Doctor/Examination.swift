import EdgeAgent
import JSONReading
import Pipelines

/// One line of what the doctor found.
struct DoctorFinding: Sendable, Equatable {
  enum Level: String, Sendable, Comparable {
    case ok, warn, fail

    static func < (left: Level, right: Level) -> Bool { (left == .fail ? 2 : left == .warn ? 1 : 0) < (right == .fail ? 2 : right == .warn ? 1 : 0) }
  }

  var level: Level
  var text: String
  /// What to do; nil where nothing is wrong.
  var advice: String?

  static func ok(_ text: String) -> DoctorFinding { DoctorFinding(level: .ok, text: text) }
  static func warn(_ text: String, _ advice: String) -> DoctorFinding { DoctorFinding(level: .warn, text: text, advice: advice) }
  static func fail(_ text: String, _ advice: String) -> DoctorFinding { DoctorFinding(level: .fail, text: text, advice: advice) }
}

/// A part of the machine, and how it is looked at. Looking changes nothing that stays.
struct Examination: Sendable {
  var name: String
  /// After this it counts as failed, whatever it waits for.
  var limit = Duration.seconds(10)
  var look: @Sendable () -> [DoctorFinding]

  func findings() -> [DoctorFinding] {
    switch Self.result(of: look, within: limit) {
    case .success(let findings): findings
    case .failure(let missing):
      [
        missing.finding(
          late: .fail("no answer within \(limit.components.seconds) s", "the driver, the disk or the network hangs; look at the kernel's log (dmesg)"))
      ]
    }
  }

  /// What the agent on that storage says of itself; nil where none runs, or this user may not ask.
  static func runningAgent(on storage: StorageSettings) -> JSONValue? { (try? storage.askRunningAgent()).flatMap { try? JSONParser.parse($0) } }

  /// Why there is no answer.
  enum NoAnswer: Error {
    case tookTooLong
    /// It wasn't even begun.
    case noThread(String)

    /// - Parameter late: what to say where it took too long.
    func finding(late: DoctorFinding) -> DoctorFinding {
      switch self {
      case .tookTooLong: late
      case .noThread(let reason):
        .fail("this couldn't be looked at: \(reason)", "the machine has no room for one more thread: see what takes its memory or its processes")
      }
    }
  }

  /// Works on a thread of its own, which is left to itself where it hangs.
  static func result<Answer: Sendable>(of work: @escaping @Sendable () -> Answer, within limit: Duration) -> Result<Answer, NoAnswer> {
    let answer = BoundedQueue<Answer>(capacity: 1, policy: .rejectNewest)
    do { _ = try DataPlaneThread(name: "examination", body: { answer.push(work()) }) } catch { return .failure(.noThread(error.message)) }
    return answer.pop(timeout: limit).map { .success($0) } ?? .failure(.tookTooLong)
  }
}

extension Array where Element == (name: String, finding: DoctorFinding) {
  var worst: DoctorFinding.Level { map(\.finding.level).max() ?? .ok }

  /// A line each, the advice indented below. What devices and drivers call themselves can't break it.
  func text(width: Int) -> String {
    map { entry in
      let (name, finding) = entry
      let line =
        "\(finding.level.rawValue)\(finding.level == .ok ? "  " : "")  \(name)\(String(repeating: " ", count: Swift.max(0, width - name.count)))  \(finding.text.inOneLine(limit: 1000))\n"
      return line + (finding.advice.map { "\(String(repeating: " ", count: width + 8))→ \($0.inOneLine(limit: 1000))\n" } ?? "")
    }.joined()
  }

  var json: JSON {
    .object([
      ("worst", .string(worst.rawValue)),
      (
        "findings",
        .array(
          map { entry in
            .object([
              ("name", .string(entry.name)), ("level", .string(entry.finding.level.rawValue)), ("text", .string(entry.finding.text)),
              ("advice", entry.finding.advice.map { .string($0) } ?? .null),
            ])
          })
      ),
    ])
  }
}
