import Cryptography
import Updates

/// What a broker serves, after it stood before the trust core.
public struct TrustedRelease: Sendable {
  let root: RootContent
  let timestamp: TimestampContent
  let timestampBytes: [UInt8]
  let targets: TargetsContent
  let targetsBytes: [UInt8]
  let halt: HaltContent
  let haltFile: SignedFile

  public var packages: [ReleasedPackage] { targets.packages }
  public var halts: [Halt] { halt.halts }
  public var timestampVersion: Int { timestamp.version }

  /// Where nobody may take a released package because it was halted, in order, as the keeper told of it.
  public var halted: [KeeperEvent] {
    halts.flatMap { halt in
      halt.channels.filter { channel, share in
        share == 0 && packages.contains { $0.name == halt.name && $0.version == halt.version && $0.channels[channel] != nil }
      }.keys.sorted().map { channel in
        .halted(Rollout(name: halt.name, version: halt.version, channel: channel), reason: halt.reason, timestamp: timestampVersion)
      }
    }
  }

  /// The share of a channel's devices that may take a package: the smaller of the releaser's and the keeper's word.
  func share(_ package: ReleasedPackage, on channel: String) -> Int {
    let halted = halts.first { $0.name == package.name && $0.version == package.version }?.channels[channel]
    return min(package.channels[channel] ?? 0, halted ?? Share.all.basisPoints)
  }

  /// The version that a device is to run; nil where none is meant for it.
  public func expected(_ name: String, device: String, channel: String) -> ReleasedPackage? {
    let bucket = Self.bucket(of: device)
    return packages.filter { $0.name == name && bucket < share($0, on: channel) }.max { $0.release < $1.release }
  }

  /// Where a device ("SITE/DEVICE") stands among 10,000.
  public static func bucket(of device: String) -> Int { DeviceGroup.bucket(of: device) }
}

/// Metadata from the broker.
struct BrokerMetadata: MetadataSource {
  let session: BrokerSession

  func metadata(_ role: String, version: Int?, limit: Int) throws(UpdatesError) -> [UInt8]? {
    let topic = ReleaseTopics.topic(ReleaseLayout.metadata(role, version: version))
    let bytes: [UInt8]?
    do throws(ReleaseError) { bytes = try session.retained([topic])[topic] } catch { throw UpdatesError(.unavailable, error.message, cause: error) }
    if let bytes, bytes.count > limit { throw UpdatesError(.tooLong, "\(topic) has more than the \(limit) bytes that are allowed") }
    return bytes
  }
}
