public import Outbox
import YAMLReading

/// `storage`: what the agent keeps on disk.
public struct StorageSettings: Equatable, Sendable {
  /// `path`: the folder of the outbox and the model store. Default: `/var/lib/swiftlet`.
  public var path: String
  /// `outbox`: most bytes of results that wait for the broker; when full, the oldest goes first. 1 MB to 1 TB; default 256 MB.
  public var outboxByteCount: Int
  /// `commit`: detections wait `interval` (0 s to 1 min; default 100 ms) for others to be written to disk with, unless about `size` (4 kB to
  /// 16 MB; default 64 kB) are together before. Longer wears flash less; what a power cut finds unwritten was not accepted.
  public var commitInterval: Duration = .milliseconds(100)
  public var commitByteCount = 64_000
  /// `limits`: of `detections`, `events` and `transcript` the most bytes (`size`, from 100 kB) and the longest time (`age`, 1 s to 10 years) that they
  /// wait, within `outbox`. Default: none.
  public var limits: [ResultClass: Outbox.ClassLimit] = [:]
  /// `offline_detections`: while the broker is away only each so many-th detections message of a pipeline is kept; 1 to 1,000,000, default 1:
  /// all.
  public var offlineDetections = 1

  /// What has a limit of its own: the last level of its topic.
  public enum ResultClass: String, CaseIterable, Sendable {
    case detections
    case events
    case transcript
  }

  public init(path: String = "/var/lib/swiftlet", outboxByteCount: Int = 256_000_000) {
    self.path = path
    self.outboxByteCount = outboxByteCount
  }

  /// The packages: of each name `NAME.swiftlet`, put there by hand, or the folder `NAME` of a store that updates fill.
  public var modelsFolder: String { "\(path)/models" }

  /// Bytes that copies of packages leave free on the disk: results come first.
  var reserve: Int { outboxByteCount + 32_000_000 }

  /// What updates keep beside the packages: trusted metadata, and how attempts ended.
  var updatesFolder: String { "\(path)/updates" }

  /// The outbox as these settings want it, a file for each encoding.
  func outbox(_ encoding: MQTTSettings.Encoding) -> Outbox.Settings {
    let name = encoding == .sparkplug ? "sparkplug" : "outbox"
    var settings = Outbox.Settings(path: "\(path)/\(name).sqlite", byteLimit: outboxByteCount)
    settings.commitInterval = commitInterval
    settings.commitBytes = commitByteCount
    // Pictures are large, and mustn't push out what was decided.
    settings.classLimits["snapshot"] = Outbox.ClassLimit(byteLimit: max(Outbox.Settings.leastBytes, outboxByteCount / 4))
    for (name, limit) in limits { settings.classLimits[name.rawValue] = limit }
    return settings
  }

  /// - Returns: nil where nobody can tell where it is.
  static func read(_ map: YAMLMapping, _ context: ConfigurationContext) -> StorageSettings? {
    var settings = StorageSettings()
    let path = map["path"]?.string()
    if let path { settings.path = context.resolve(path) }
    settings.checkFolder(map["path"], context)
    if let bytes = map["outbox"]?.byteCount(in: 1_000_000...1_000_000_000_000) { settings.outboxByteCount = bytes }
    _ = map["commit"]?.mapping { commit in
      if let interval = commit["interval"]?.duration(in: .zero ... .seconds(60)) { settings.commitInterval = interval }
      if let bytes = commit["size"]?.byteCount(in: 4000...16_000_000) { settings.commitByteCount = bytes }
      return true
    }
    _ = map["limits"]?.mapping { limits in
      for name in ResultClass.allCases { settings.limits[name] = limits[name.rawValue]?.mapping(readLimit) }
      return true
    }
    for (name, limit) in settings.limits where limit.byteLimit ?? 0 > settings.outboxByteCount {
      map.report("limits", "storage.limits.\(name.rawValue).size: is more than the whole outbox may hold (storage.outbox)")
    }
    if let count = map["offline_detections"]?.int(in: 1...1_000_000) { settings.offlineDetections = count }
    // Another name for the path may be all that is wrong.
    return path == nil && (map["path"] != nil || map.hasUnknownKeys(near: ["path"])) ? nil : settings
  }

  /// What keeps this user from writing in the folder, or from making it; nil where nothing that can be seen without trying.
  public var writingObstacle: String? { obstacle(toWritingIn: path) }

  /// A check warns only: the agent often runs as another user, or on another machine.
  func checkFolder(_ value: YAMLValue?, _ context: ConfigurationContext) {
    guard context.opensModels, let obstacle = obstacle(toWritingIn: path) else { return }
    context.warn(value, "storage.path: \(obstacle); the user that the agent runs as must be able to keep files in \(path)")
  }

  private static func readLimit(_ map: YAMLMapping) -> Outbox.ClassLimit? {
    Outbox.ClassLimit(byteLimit: map["size"]?.byteCount(in: 100_000...1_000_000_000_000), age: map["age"]?.duration(in: .seconds(1) ... .seconds(315_360_000)))
  }
}
