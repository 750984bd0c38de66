import YAMLReading

/// `storage`: what the agent keeps on disk.
public struct StorageSettings: Equatable, Sendable {
  /// `path`: the folder of the outbox and the model store. Default: `/var/lib/swiftlet`.
  public var path: String
  /// `outbox`: most bytes of results that wait for the broker; when full, the oldest goes first. 1 MB to 1 TB; default 256 MB.
  public var outboxByteCount: Int

  public init(path: String = "/var/lib/swiftlet", outboxByteCount: Int = 256_000_000) {
    self.path = path
    self.outboxByteCount = outboxByteCount
  }

  /// The package of a name in the store.
  public func modelPath(_ name: String) -> String { "\(path)/models/\(name).swiftlet" }

  static func read(_ map: YAMLMapping, _ context: ConfigurationContext) -> StorageSettings {
    var settings = StorageSettings()
    if let path = map["path"]?.string() { settings.path = context.resolve(path) }
    if let bytes = map["outbox"]?.byteCount(in: 1_000_000...1_000_000_000_000) { settings.outboxByteCount = bytes }
    return settings
  }
}
