import Outbox
import Pipelines

/// Which models the device has, and what became of updates: topic `models`, retained.
struct ModelsMessage: Payload {
  static let schema = "swiftlet/models/1"

  /// An update under way.
  struct Candidate: Equatable {
    enum Stage: String { case downloading, verifying, testing, shadowing, watching }

    var version: UpdateJournal.Version
    var stage: Stage
    var blocks = 0
    var blockCount = 0
    var bytesPerSecond = 0
    /// Frames that it was compared on, of those that are wanted.
    var frames = 0
    var frameCount = 0
  }

  struct Model: Equatable {
    var active: UpdateJournal.Version?
    var previous: UpdateJournal.Version?
    var candidate: Candidate?
    var last: UpdateJournal.Outcome?
  }

  /// Of the last look at the fleet's metadata.
  struct Check: Equatable {
    var root = 0
    var timestamp: Int?
    var at: String?
    /// Nil where all was right.
    var code: String?
    var reason: String?
  }

  var capturedAt: WallTime
  var clock: ClockStatus
  var channel: String
  var check: Check
  var models: [String: Model]

  func writeMembers(to json: inout JSONWriter) {
    json.member("channel", channel)
    json.member(
      "metadata",
      object: {
        $0.member("root", check.root)
        if let timestamp = check.timestamp { $0.member("timestamp", timestamp) }
        if let at = check.at { $0.member("checked_at", at) }
        $0.member("outcome", check.code ?? "current")
        if let reason = check.reason { $0.member("reason", reason) }
      })
    json.member("models", object: { for (name, model) in models.sorted(by: { $0.key < $1.key }) { $0.member(name, object: { Self.write(model, &$0) }) } })
  }

  private static func write(_ model: Model, _ json: inout JSONWriter) {
    for (name, version) in [("active", model.active), ("previous", model.previous)] {
      json.key(name)
      if let version { json.object { UpdateJournal.write(version, &$0) } } else { json.null() }
    }
    json.key("candidate")
    if let candidate = model.candidate { json.object { write(candidate, &$0) } } else { json.null() }
    json.key("last")
    if let last = model.last { json.object { UpdateJournal.write(last, &$0) } } else { json.null() }
  }

  private static func write(_ candidate: Candidate, _ json: inout JSONWriter) {
    UpdateJournal.write(candidate.version, &json)
    json.member("state", candidate.stage.rawValue)
    switch candidate.stage {
    case .downloading:
      json.member("blocks", candidate.blocks)
      json.member("of", candidate.blockCount)
      json.member("bytes_per_second", candidate.bytesPerSecond)
    case .shadowing:
      json.member("frames", candidate.frames)
      json.member("of", candidate.frameCount)
    case .verifying, .testing, .watching: break
    }
  }
}
