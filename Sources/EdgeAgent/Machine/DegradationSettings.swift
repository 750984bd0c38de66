import YAMLReading

/// `degradation`: pipelines leave out frames while the machine is too hot or short of memory, and go on as before when it isn't any more. A
/// pipeline that listens isn't touched.
public struct DegradationSettings: Equatable, Sendable {
  /// `enabled`. Default: true.
  public var isEnabled = true
  /// `temperature`: degrees Celsius that no zone should reach; 30 to 120. Default: in each zone 5 below what its kernel calls critical; zones
  /// without a critical temperature have no limit then.
  public var temperature: Double?
  /// `memory_pressure`: per cent of the last minute that programs waited for memory (the kernel's `some avg60`); 1 to 100, default 20.
  public var memoryPressure = 20.0
  /// `zones`: names of the zones that count, as the kernel has them; of a kind with several, all, or one by its number (`cpu-0`). Default: all.
  public var zones: [String]?

  static let belowCritical = 5.0

  public init() {}

  static func read(_ map: YAMLMapping) -> DegradationSettings {
    var settings = DegradationSettings()
    if let isEnabled = map["enabled"]?.bool() { settings.isEnabled = isEnabled }
    settings.temperature = map["temperature"]?.float(in: 30...120)
    if let pressure = map["memory_pressure"]?.float(in: 1...100) { settings.memoryPressure = pressure }
    settings.zones = map["zones"]?.list { $0.string() }
    return settings
  }
}
