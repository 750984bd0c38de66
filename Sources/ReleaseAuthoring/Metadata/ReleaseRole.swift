import Updates

/// Whose keys sign what: the four roles of The Update Framework, and two to which `targets` delegates: the keeper's own, and that of whoever
/// gives devices commands.
public enum ReleaseRole: String, CaseIterable, Sendable {
  case root, targets, snapshot, timestamp, halt, commands

  /// Those that have a file: what `commands` signs goes to devices one by one.
  public static let withMetadata = allCases.filter { $0 != .commands }

  /// "root, targets, snapshot, timestamp, halt or commands".
  public static func list(_ roles: [ReleaseRole] = allCases) -> String {
    roles.dropLast().map(\.rawValue).joined(separator: ", ") + (roles.last.map { " or \($0.rawValue)" } ?? "")
  }

  /// What only the halt role may speak of: "halt/NAME/VERSION". A `*` stands for no `/`.
  static let haltPaths = ReleaseLayout.halt("*", "*")

  /// The role that root metadata name; nil for those to which `targets` delegates.
  var topLevel: TopLevelRole? { TopLevelRole(rawValue: rawValue) }

  /// A file's name in the metadata folder, as §6.2 of the specification has it; only the timestamp's bears no version.
  public func file(version: Int) -> String { self == .timestamp ? "timestamp.json" : "\(version).\(rawValue).json" }

  /// Its file below the root of a release, as "metadata/targets.3"; only the timestamp's bears no version.
  func released(version: Int) -> String { ReleaseLayout.metadata(rawValue, version: self == .timestamp ? nil : version) }
}

/// How long each role's metadata hold. What is older, devices no longer believe: an old state could be held out to them for ever.
public struct Lifetimes: Equatable, Sendable {
  /// Seconds, by role: a year, the timestamp 30 days.
  public private(set) var seconds: [ReleaseRole: Int64] = [
    .root: 365 * 86_400, .targets: 365 * 86_400, .snapshot: 365 * 86_400, .timestamp: 30 * 86_400, .halt: 365 * 86_400,
  ]

  public init() {}

  public subscript(role: ReleaseRole) -> Int64 {
    get { seconds[role] ?? 0 }
    set { seconds[role] = newValue }
  }

  /// Reads "timestamp=14d" or "timestamp=36h", and sets that role's.
  public mutating func set(_ text: String) throws(ReleaseError) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let role = ReleaseRole(rawValue: String(parts[0])), ReleaseRole.withMetadata.contains(role),
      let seconds = Self.seconds(of: String(parts[1])), seconds >= 3600
    else {
      throw ReleaseError(
        .invalid, "‘\(text)’ is no lifetime; expected \(ReleaseRole.list(ReleaseRole.withMetadata)) with days or hours, as in timestamp=14d (1h to 3650d)")
    }
    self[role] = seconds
  }

  /// Reads "14d" or "36h", up to ten years.
  public static func seconds(of text: String) -> Int64? {
    guard let unit = text.last, unit == "d" || unit == "h", let count = Int64(text.dropLast()), count >= 0 else { return nil }
    guard count <= 3650 * (unit == "d" ? 1 : 24) else { return nil }
    return count * (unit == "d" ? 86_400 : 3600)
  }

  /// "30 days", "12 hours".
  public static func text(_ seconds: Int64) -> String {
    seconds.isMultiple(of: 86_400) ? "\(seconds / 86_400) days" : "\(seconds / 3600) hours"
  }
}

extension DateTime {
  func advanced(by seconds: Int64) -> DateTime { DateTime(seconds: self.seconds + seconds) }
}
