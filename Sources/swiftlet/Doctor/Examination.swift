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
    Self.result(of: look, within: limit)
      ?? [.fail("no answer within \(limit.components.seconds) s", "the driver, the disk or the network hangs; look at the kernel's log (dmesg)")]
  }

  /// Works on a thread of its own, which is left to itself where it hangs; nil then, and where there is no thread.
  static func result<Result: Sendable>(of work: @escaping @Sendable () -> Result, within limit: Duration) -> Result? {
    let answer = BoundedQueue<Result>(capacity: 1, policy: .rejectNewest)
    guard (try? DataPlaneThread(name: "examination", body: { answer.push(work()) })) != nil else { return nil }
    return answer.pop(timeout: limit)
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
