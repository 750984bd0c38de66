public import Cryptography

/// Which releases concern a device: its channel, and its place among the channel's devices.
public struct DeviceGroup: Equatable, Sendable {
  /// Basis points in a whole.
  public static let bucketCount = 10_000

  public let channel: String
  /// 0…9999; the same for every release, so that those who go first are always the same.
  public let bucket: Int

  public init(channel: String, site: String, device: String) {
    self.channel = channel
    bucket = Self.bucket(of: "\(site)/\(device)")
  }

  /// Where a device stands: the first eight bytes of the SHA-256 of "SITE/DEVICE", modulo the number of buckets.
  public static func bucket(of device: String) -> Int {
    let head = SHA256.digest(of: Array(device.utf8)).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(head % UInt64(bucketCount))
  }

  /// Whether a release with this share of each channel is meant for the device.
  public func takes(_ shares: [String: Int]) -> Bool { bucket < shares[channel] ?? 0 }
}

/// What a fleet offers at one moment: its packages, and what holds some of them back.
public struct ReleaseOffer: Sendable {
  public let packages: [ReleasedPackage]
  public let halts: [Halt]

  /// The version of `name` that the device should run; nil where none is meant for it.
  ///
  /// - Parameter failed: packages that have failed on the device.
  public func choice(of name: String, for group: DeviceGroup, failed: [SHA256Digest] = []) -> ReleasedPackage? {
    packages.filter { $0.name == name && group.takes(shares(of: $0)) && !failed.contains($0.digest) }.max { $0.release < $1.release }
  }

  /// Why the newest release of a name isn't the choice, where somebody halted it.
  public func halt(of package: ReleasedPackage) -> Halt? { halts.first { $0.name == package.name && $0.version == package.version } }

  /// The package's own shares, narrowed by a halt; a halt never widens one.
  public func shares(of package: ReleasedPackage) -> [String: Int] {
    guard let halt = halt(of: package) else { return package.shares }
    return package.shares.merging(halt.shares.filter { package.shares[$0.key] != nil }) { min($0, $1) }
  }
}

/// A package held back on some channels: what the `halt` metadata say of `halt/NAME/VERSION`.
public struct Halt: Equatable, Sendable {
  public static let role = "halt"
  public static let folder = "halt/"

  public let name: String
  public let version: String
  /// Basis points by channel; channels that aren't named aren't narrowed.
  public let shares: [String: Int]
  public let reason: String?

  /// - Throws: `.malformed`.
  init(_ target: Target) throws(UpdatesError) {
    let parts = target.path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == Self.role, let custom = target.custom else {
      throw UpdatesError(.malformed, "\(target.path) is no halt of a package")
    }
    let fields = try MetadataFields(custom, place: target.path)
    (name, version) = (String(parts[1]), String(parts[2]))
    guard isReleaseName(name), isReleaseName(version) else { throw fields.error("no package has this name and version") }
    shares = try readShares(fields)
    reason = fields.members["reason"] == nil ? nil : try fields.text("reason")
  }
}
