import JSONReading

/// What a device last told of its models, as far as it could be read. Nobody vouches for it: whoever may write to the broker can invent it.
public struct DeviceReport: Equatable, Sendable {
  /// What a device runs or ran.
  public struct Version: Equatable, Sendable {
    public let version: String
    public let release: Int
  }

  /// A package on its way.
  public struct Candidate: Equatable, Sendable {
    public enum Stage: String, Sendable, CaseIterable { case downloading, verifying, testing, shadowing, watching }
    public let version: Version
    public let stage: Stage
    /// Blocks that are there, of all.
    public let blockCount: Int
    public let totalBlockCount: Int
    public let bytesPerSecond: Int
  }

  /// How the last package that was tried ended.
  public struct Ending: Equatable, Sendable {
    public enum Outcome: String, Sendable, CaseIterable {
      case installed, refused, failed
      case rolledBack = "rolled back"
    }
    public let version: Version
    public let outcome: Outcome
    public let code: String
    public let reason: String
    public let at: String
  }

  public struct Model: Equatable, Sendable {
    public let active: Version?
    public let candidate: Candidate?
    public let last: Ending?
  }

  /// "SITE/DEVICE".
  public let device: String
  public let channel: String
  /// "current", or why the device trusts nothing newer than it has.
  public let metadataOutcome: String
  public let metadataReason: String
  public let timestampVersion: Int?
  public let capturedAt: String
  public let models: [String: Model]

  /// Most models that are read of one device, and bytes of a message.
  static let largestModelCount = 64
  static let largestByteCount = 65_536

  /// Nil where the topic is none of a device's, or the message isn't what a device says.
  public init?(topic: String, payload: [UInt8]) {
    let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
    guard levels.count == 5, levels[0] == "swiftlet", levels[1] == "v1", levels[4] == "models", payload.count <= Self.largestByteCount,
      let value = try? JSONParser.parse(payload, depthLimit: 8), let fields = try? ContentFields(value, place: topic),
      let models = try? fields.object("models"), let channel = try? fields.text("channel")
    else { return nil }
    device = "\(String(levels[2]).inOneLine(limit: 64))/\(String(levels[3]).inOneLine(limit: 64))"
    self.channel = channel.inOneLine(limit: 64)
    capturedAt = ((try? fields.text("captured_at")) ?? "").inOneLine(limit: 32)
    let metadata = try? fields.object("metadata")
    metadataOutcome = ((try? metadata?.text("outcome")) ?? "").inOneLine(limit: 32)
    metadataReason = ((try? metadata?.text("reason")) ?? "").inOneLine(limit: 200)
    timestampVersion = try? metadata?.number("timestamp")
    var found: [String: Model] = [:]
    for name in models.members.keys.sorted().prefix(Self.largestModelCount) {
      if let model = try? models.object(name) { found[name.inOneLine(limit: 64)] = Model(model) }
    }
    self.models = found
  }
}

extension DeviceReport.Version {
  /// Of a member that has both.
  fileprivate init?(_ fields: ContentFields?) {
    guard let fields, let version = try? fields.text("version"), let release = try? fields.number("release") else { return nil }
    (self.version, self.release) = (version.inOneLine(limit: 64), release)
  }
}

extension DeviceReport.Model {
  fileprivate init(_ fields: ContentFields) {
    active = .init(try? fields.object("active"))
    candidate = (try? fields.object("candidate")).flatMap { candidate in
      guard let version = DeviceReport.Version(candidate), let stage = DeviceReport.Candidate.Stage(rawValue: (try? candidate.text("state")) ?? "") else {
        return nil
      }
      func number(_ name: String) -> Int { max(0, (try? candidate.number(name)) ?? 0) }
      return .init(
        version: version, stage: stage, blockCount: number("blocks"), totalBlockCount: number("of"), bytesPerSecond: number("bytes_per_second"))
    }
    last = (try? fields.object("last")).flatMap { last in
      guard let version = DeviceReport.Version(last), let outcome = DeviceReport.Ending.Outcome(rawValue: (try? last.text("outcome")) ?? "") else {
        return nil
      }
      func text(_ name: String, _ limit: Int) -> String { ((try? last.text(name)) ?? "").inOneLine(limit: limit) }
      return .init(version: version, outcome: outcome, code: text("code", 40), reason: text("reason", 200), at: text("at", 32))
    }
  }
}
