/// How the machine does, at one moment, as far as its kernel tells.
public struct MachineReading: Sendable, Equatable {
  public struct Temperature: Sendable, Equatable {
    /// The kernel's name of the zone; with its number where there are several of that name, whether they tell something or not.
    public var zone: String
    public var celsius: Double
    /// At which the kernel switches the machine off; nil where it doesn't say.
    public var critical: Double?

    public init(zone: String, celsius: Double, critical: Double? = nil) {
      (self.zone, self.celsius, self.critical) = (zone, celsius, critical)
    }
  }

  /// In per cent of the time, over the last minute, how long something waited (`some`) and how long everything did (`full`) for what there was
  /// too little of.
  public struct Pressure: Sendable, Equatable {
    public var some: Double
    /// Nil where the kernel doesn't count it.
    public var full: Double?

    public init(some: Double, full: Double?) { (self.some, self.full) = (some, full) }
  }

  /// Empty where the machine tells none.
  public var temperatures: [Temperature] = []
  /// Nil where the kernel doesn't count them (before 4.20, or without PSI).
  public var processorPressure: Pressure?
  public var memoryPressure: Pressure?
  public var diskPressure: Pressure?
  /// Bytes that programs could still get, and all that there are.
  public var availableMemory: Int?
  public var totalMemory: Int?

  public init() {}
}

/// Where the kernel tells it; other folders are for tests.
public struct MachineSensors: Sendable {
  public var thermal = "/sys/class/thermal"
  public var pressure = "/proc/pressure"
  public var memory = "/proc/meminfo"

  public init() {}

  /// Reads files of the kernel's, some of which ask a slow sensor: not for a thread that mustn't wait.
  public func read() -> MachineReading {
    var reading = MachineReading()
    reading.temperatures = temperatures()
    reading.processorPressure = pressure(of: "cpu")
    reading.memoryPressure = pressure(of: "memory")
    reading.diskPressure = pressure(of: "io")
    if let text = text(memory, limit: 16_384) {
      (reading.availableMemory, reading.totalMemory) = (Self.bytes("MemAvailable:", in: text), Self.bytes("MemTotal:", in: text))
    }
    return reading
  }

  private static let zoneCount = 32
  private static let tripCount = 12

  private func temperatures() -> [MachineReading.Temperature] {
    let zones = (0..<Self.zoneCount).compactMap { zone -> (number: Int, kind: String, folder: String)? in
      let folder = "\(thermal)/thermal_zone\(zone)"
      return line("\(folder)/type").map { (zone, $0, folder) }
    }
    return zones.compactMap { zone in
      guard let celsius = degrees("\(zone.folder)/temp") else { return nil }
      let isAlone = zones.count { $0.kind == zone.kind } == 1
      return MachineReading.Temperature(zone: isAlone ? zone.kind : "\(zone.kind)-\(zone.number)", celsius: celsius, critical: critical(zone.folder))
    }
  }

  private func critical(_ folder: String) -> Double? {
    for trip in 0..<Self.tripCount {
      guard let kind = line("\(folder)/trip_point_\(trip)_type") else { return nil }
      if kind == "critical" { return degrees("\(folder)/trip_point_\(trip)_temp") }
    }
    return nil
  }

  private func degrees(_ path: String) -> Double? { line(path).flatMap { Int($0) }.map { Double($0) / 1000 } }

  private func pressure(of resource: String) -> MachineReading.Pressure? {
    guard let text = text("\(pressure)/\(resource)", limit: 1024) else { return nil }
    func average(_ kind: String) -> Double? {
      guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(kind) ") }),
        let word = line.split(separator: " ").first(where: { $0.hasPrefix("avg60=") })
      else { return nil }
      return Double(word.dropFirst(6)).flatMap { $0.isFinite ? $0 : nil }
    }
    return average("some").map { MachineReading.Pressure(some: $0, full: average("full")) }
  }

  private static func bytes(_ key: String, in text: String) -> Int? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else { return nil }
    return line.dropFirst(key.count).split(separator: " ").first.flatMap { Int($0) }.flatMap {
      let (bytes, overflows) = $0.multipliedReportingOverflow(by: 1024)
      return overflows || bytes < 0 ? nil : bytes
    }
  }

  private func line(_ path: String) -> String? { text(path, limit: 128).map { String($0.prefix { $0 != "\n" }) } }

  private func text(_ path: String, limit: Int) -> String? {
    (try? readFile(path, limit: limit)).map { String(decoding: $0, as: UTF8.self) }
  }
}
