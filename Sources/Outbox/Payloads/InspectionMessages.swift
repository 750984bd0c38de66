public import Pipelines

/// That a rule's condition began or ended: an event of its pipeline. Its time is the frame's.
public struct RuleMessage: Payload, Equatable {
  public static let schema = "swiftlet/rule/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// False at its end.
  public var isBegin: Bool
  public var rule: String
  /// What holds now, in the configuration's words; or why it ended without that.
  public var reason: String
  /// nil where it ended without a frame.
  public var frame: UInt64?
  /// What made it begin, where that is something that is there.
  public var detection: DetectionMessage.Detection?
  /// Whether a picture of the frame follows on `PIPELINE/snapshot`.
  public var hasSnapshot = false

  public init(
    capturedAt: WallTime, clock: ClockStatus, isBegin: Bool, rule: String, reason: String, frame: UInt64?, detection: DetectionMessage.Detection? = nil
  ) {
    (self.capturedAt, self.clock, self.isBegin, self.rule) = (capturedAt, clock, isBegin, rule)
    (self.reason, self.frame, self.detection) = (reason, frame, detection)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", isBegin ? "begin" : "end")
    json.member("rule", rule)
    json.member("reason", reason)
    if let frame { json.member("frame", frame) }
    if let detection {
      json.key("detection")
      DetectionMessage.write(detection, to: &json)
    }
    if hasSnapshot {
      json.key("snapshot")
      json.boolean(true)
    }
  }
}

/// What was decided about a part: an event of the pipeline that judged it.
public struct PartMessage: Payload, Equatable {
  public static let schema = "swiftlet/part/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// Counted by the pipeline since its start, from 1; of several that came to the same, the last.
  public var part: UInt64
  /// `pass`, `reject` or `unjudged`.
  public var verdict: String
  /// The rule that rejects it, and its condition.
  public var rule: String?
  public var reason: String?
  /// Why it couldn't be judged, or not to its end.
  public var obstacle: String?
  /// Frames in which it was seen.
  public var views: Int
  /// Parts that this stands for.
  public var count: UInt64

  public init(
    capturedAt: WallTime, clock: ClockStatus, part: UInt64, verdict: String, rule: String?, reason: String?, obstacle: String?, views: Int, count: UInt64
  ) {
    (self.capturedAt, self.clock, self.part, self.verdict, self.rule) = (capturedAt, clock, part, verdict, rule)
    (self.reason, self.obstacle, self.views, self.count) = (reason, obstacle, views, count)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", "part")
    json.member("part", part)
    json.member("verdict", verdict)
    if let rule { json.member("rule", rule) }
    if let reason { json.member("reason", reason) }
    if let obstacle { json.member("obstacle", obstacle) }
    json.member("views", views)
    json.member("count", count)
  }
}

/// Something about a reject gate: an event of the pipeline that it acts by.
public struct GateEventMessage: Payload, Equatable {
  public static let schema = "swiftlet/gate/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  public var gate: String
  /// `link`, `order`, `unjudged`, `belated`, `fault`, `missed_events`, `restarted` or `untold`.
  public var what: String
  /// Its state, ending, cause or fault, in a word.
  public var state: String
  /// For a person.
  public var reason: String?
  /// The pipeline's part, and what was decided about it.
  public var part: UInt64?
  public var verdict: String?
  /// What the gate did: `pass` or `reject`.
  public var position: String?
  /// Of what there are several.
  public var count: UInt64?

  public init(capturedAt: WallTime, clock: ClockStatus, gate: String, what: String, state: String) {
    (self.capturedAt, self.clock, self.gate, self.what, self.state) = (capturedAt, clock, gate, what, state)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", "gate")
    json.member("gate", gate)
    json.member("what", what)
    json.member("state", state)
    if let reason { json.member("reason", reason) }
    if let part { json.member("part", part) }
    if let verdict { json.member("verdict", verdict) }
    if let position { json.member("position", position) }
    if let count { json.member("count", count) }
  }
}
