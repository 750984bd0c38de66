import JSONReading
import Updates

/// A share of a channel's devices, in hundredths of a percent.
public struct Share: Equatable, Sendable, CustomStringConvertible {
  public static let all = Share(basisPoints: 10_000)
  /// 0…10000.
  public let basisPoints: Int

  init(basisPoints: Int) { self.basisPoints = basisPoints }

  /// Reads "5%", "0.25%" or "100%".
  public init(_ text: String) throws(ReleaseError) {
    guard let points = Self.basisPoints(of: text) else {
      throw ReleaseError(.invalid, "‘\(text)’ is no share; expected 0% to 100%, with at most two digits after the point, as in 5%")
    }
    basisPoints = points
  }

  private static func basisPoints(of text: String) -> Int? {
    guard text.last == "%" else { return nil }
    let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }), let whole = Int(parts[0]), whole <= 100 else { return nil }
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    guard fraction.utf8.count <= 2, let hundredths = Int((fraction + "00").prefix(2)) else { return nil }
    let points = whole * 100 + hundredths
    return points <= 10_000 ? points : nil
  }

  public var description: String { Self.text(basisPoints) }

  /// "5%" for 500.
  public static func text(_ points: Int) -> String {
    guard points % 100 != 0 else { return "\(points / 100)%" }
    let digits = points % 100
    return "\(points / 100).\(digits < 10 ? "0" : "")\(digits % 10 == 0 ? digits / 10 : digits)%"
  }
}

/// Names of packages, versions and channels: parts of paths and topics. What a device couldn't read would keep it from the whole release.
enum ReleaseName {
  static func check(_ text: String, _ what: String) throws(ReleaseError) {
    guard isPathPart(text) else { throw refusal(text, what, "expected 1 to 64 letters, digits, ‘_’, ‘.’ or ‘-’") }
  }

  static func check(package name: String, version: String, agent: String?, file: String) throws(ReleaseError) {
    try check(name, "package's name (\(file))")
    guard PackageStore.isModelName(name) else { throw refusal(name, "package's name (\(file))", "a letter or digit comes first") }
    try check(version, "version (name another with --version)")
    guard isReleaseName(version) else { throw refusal(version, "version (name another with --version)", "no dot comes first") }
    guard let agent, AgentRelease(agent) == nil else { return }
    throw refusal(agent, "agent's version", "expected numbers, as in 1.2.3")
  }

  private static func refusal(_ text: String, _ what: String, _ rule: String) -> ReleaseError {
    ReleaseError(.invalid, "‘\(text.inOneLine(limit: 80))’ can't be a \(what): \(rule)")
  }
}
