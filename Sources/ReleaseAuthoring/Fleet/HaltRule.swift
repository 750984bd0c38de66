/// When a package goes too badly on a channel to go on.
///
/// Of the devices that have tried the package, those count as failed that rolled it back, refused it, or failed to install it for a reason
/// that may be the package's. What says nothing of the package (a broker that is away, a full disk, an expired release) counts as not tried.
public struct HaltRule: Equatable, Sendable {
  /// Halted above this share of failures.
  public let limit: Share
  /// And not before this many devices have tried.
  public let leastCount: Int

  /// Codes with which a device fails whatever the package is.
  static let innocentCodes: Set<String> = [
    "unavailable", "disk full", "storage", "damaged store", "expired", "rollback", "unsigned", "mismatch", "too long", "wrong block", "already installed",
    "unfit",
  ]

  /// - Throws: `.invalid`.
  public init(limit: Share, leastCount: Int) throws(ReleaseError) {
    guard leastCount >= 1, limit != .all else {
      throw ReleaseError(.invalid, "packages are halted above a share below 100%, and at 1 device at least")
    }
    (self.limit, self.leastCount) = (limit, leastCount)
  }

  /// How a package has gone on a channel.
  public struct Tally: Equatable, Sendable {
    public internal(set) var triedCount = 0
    public internal(set) var failedCount = 0
    /// What the failed devices say, and how many of them.
    public internal(set) var codes: [String: Int] = [:]

    public init() {}

    /// "3 of 12 devices failed: 2 × rolled back (health), 1 × refused (golden)".
    public var reason: String {
      let why = codes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(4).map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
      return "\(failedCount) of \(triedCount) devices failed: \(why)"
    }
  }

  /// Counts what a fleet's devices have tried.
  public static func tallies(_ fleet: Fleet) -> [Rollout: Tally] {
    var tallies: [Rollout: Tally] = [:]
    for report in fleet.reports.values {
      for (name, model) in report.models {
        if let last = model.last, last.outcome != .installed, !innocentCodes.contains(last.code) {
          let title = last.code.isEmpty ? last.outcome.rawValue : "\(last.outcome.rawValue) (\(last.code))"
          tallies[Rollout(name: name, version: last.version.version, channel: report.channel), default: Tally()].fail(title)
        }
        // Once a version runs, what became of the one before no longer tells of it.
        if let active = model.active, model.last.map({ $0.version != active || $0.outcome == .installed }) ?? true {
          tallies[Rollout(name: name, version: active.version, channel: report.channel), default: Tally()].triedCount += 1
        }
      }
    }
    return tallies
  }

  /// Whether this is to be halted. A share is compared in whole numbers.
  public func halts(_ tally: Tally) -> Bool {
    tally.triedCount >= leastCount && tally.failedCount * 10_000 > limit.basisPoints * tally.triedCount
  }

  /// What is to be halted, with the reason, in order.
  public func halts(_ fleet: Fleet) -> [(rollout: Rollout, reason: String)] {
    Self.tallies(fleet).filter { halts($0.value) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value.reason) }
  }
}

extension HaltRule.Tally {
  fileprivate mutating func fail(_ title: String) {
    triedCount += 1
    failedCount += 1
    codes[title, default: 0] += 1
  }
}
