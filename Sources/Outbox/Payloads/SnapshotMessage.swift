import MQTTTransport
public import Pipelines

/// A picture of what made a rule begin, or that a spoken command asked for: topic `PIPELINE/snapshot`, a JPEG whose facts are user properties.
///
/// In the outbox its facts stand before the picture, a line each, with an empty line behind them.
public struct SnapshotMessage: Sendable, Equatable {
  public static let schema = "swiftlet/snapshot/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// The camera's count; an event of that frame and rule belongs to it.
  public var frame: UInt64
  /// nil where no rule wanted it: only a command did.
  public var rule: String?
  /// The first wording of the spoken command that asked for it; nil where none did.
  public var command: String?
  public var jpeg: [UInt8]

  public init(capturedAt: WallTime, clock: ClockStatus, frame: UInt64, rule: String?, command: String? = nil, jpeg: [UInt8]) {
    (self.capturedAt, self.clock, self.frame, self.rule, self.command, self.jpeg) = (capturedAt, clock, frame, rule, command, jpeg)
  }

  /// As the outbox keeps it.
  public func encoded(as number: MessageNumber) -> [UInt8] {
    var facts = [
      ("schema", Self.schema), ("epoch", number.epoch), ("sequence", "\(number.sequence)"), ("captured_at", capturedAt.rfc3339), ("clock", clock.rawValue),
      ("frame", "\(frame)"), ("rule", rule ?? ""),
    ]
    if let command { facts.append(("command", Self.plain(command))) }
    return Array((facts.map { "\($0): \($1)\n" }.joined() + "\n").utf8) + jpeg
  }

  /// A fact is a line, of characters that a broker takes.
  private static func plain(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .unassigned: line.append(" ")
      default: line.append(scalar)
      }
    }
    return String(line)
  }

  /// The message for the broker of what the outbox kept; nil where that is no snapshot.
  static func outgoing(_ topic: String, _ kept: [UInt8], expiry: Duration?) -> OutgoingMessage? {
    guard topic.hasSuffix("/snapshot") else { return nil }
    var (facts, start): ([UserProperty], Int) = ([], 0)
    let newline = UInt8(ascii: "\n")
    while let end = kept[start...].prefix(1024).firstIndex(of: newline) {
      defer { start = end + 1 }
      guard end > start else {
        return OutgoingMessage(topic: topic, payload: Array(kept[(end + 1)...]), contentType: "image/jpeg", userProperties: facts, expiry: expiry)
      }
      let parts = String(decoding: kept[start..<end], as: UTF8.self).split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { return nil }
      facts.append(UserProperty(String(parts[0]), String(parts[1].dropFirst())))
    }
    return nil
  }
}
