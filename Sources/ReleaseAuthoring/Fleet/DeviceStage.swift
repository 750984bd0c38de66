/// Where a model stands on a device, in one word and its facts.
public struct DeviceStage: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    case failed, refused, pending, downloading, verifying, testing, shadowing, watching, running, empty
    case rolledBack = "rolled back"
  }

  public let kind: Kind
  /// The version that the word is about: on its way, running, or failed.
  public let version: String?
  public let active: String?
  public internal(set) var blockCount = 0
  public internal(set) var totalBlockCount = 0
  public internal(set) var bytesPerSecond = 0
  public internal(set) var code = ""
  public internal(set) var reason = ""

  init(_ kind: Kind, _ version: String?, active: String?) { (self.kind, self.version, self.active) = (kind, version, active) }

  /// - Parameter expected: the release that the device is to run, where that is known.
  public init(_ model: DeviceReport.Model, expected: ReleasedPackage?) {
    let active = model.active?.version
    if let candidate = model.candidate {
      let kind: Kind =
        switch candidate.stage {
        case .downloading: .downloading
        case .verifying: .verifying
        case .testing: .testing
        case .shadowing: .shadowing
        case .watching: .watching
        }
      self.init(kind, candidate.version.version, active: active)
      (blockCount, totalBlockCount, bytesPerSecond) = (candidate.blockCount, candidate.totalBlockCount, candidate.bytesPerSecond)
    } else if let last = model.last, last.outcome != .installed, Self.matters(last, model.active, expected) {
      self.init(last.outcome == .rolledBack ? .rolledBack : last.outcome == .refused ? .refused : .failed, last.version.version, active: active)
      (code, reason) = (last.code, last.reason)
    } else if let expected, expected.release != model.active?.release {
      self.init(.pending, expected.version, active: active)
    } else {
      self.init(active == nil ? .empty : .running, active, active: active)
    }
  }

  /// A failure is no longer told of once another version is wanted, or runs.
  private static func matters(_ last: DeviceReport.Ending, _ active: DeviceReport.Version?, _ expected: ReleasedPackage?) -> Bool {
    if let expected { return last.version.release == expected.release && last.version.release != active?.release }
    return last.version.release > active?.release ?? 0
  }
}
