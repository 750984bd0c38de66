import EdgeAgent
import Testing

@Suite struct MachineSensorsTests {
  @Test func `zones, trip points, pressure and memory are read`() throws {
    let folder = try TemporaryFolder()
    try folder.sensors(celsius: 51.5, critical: 105)
    _ = try folder.file("thermal/thermal_zone1/type", "cpu\n")
    _ = try folder.file("thermal/thermal_zone1/temp", "48000\n")
    _ = try folder.file("thermal/thermal_zone3/type", "silent\n")
    let reading = folder.machineSensors.read()
    #expect(
      reading.temperatures == [
        .init(zone: "cpu-0", celsius: 51.5, critical: 105), .init(zone: "cpu-1", celsius: 48),
      ])
    #expect(reading.memoryPressure == .init(some: 1.5, full: 0.25))
    #expect(reading.processorPressure == .init(some: 12, full: nil))
    #expect(reading.diskPressure == nil)
    #expect(reading.availableMemory == 1_024_000 && reading.totalMemory == 4_096_000)
  }

  @Test func `what a zone is called doesn't hang on who answers`() throws {
    let folder = try TemporaryFolder()
    for (zone, kind) in ["cpu", "gpu", "cpu"].enumerated() {
      _ = try folder.file("thermal/thermal_zone\(zone)/type", "\(kind)\n")
      _ = try folder.file("thermal/thermal_zone\(zone)/temp", "4\(zone)000\n")
    }
    #expect(folder.machineSensors.read().temperatures.map(\.zone) == ["cpu-0", "gpu", "cpu-2"])
    _ = try folder.file("thermal/thermal_zone0/temp", "")
    #expect(folder.machineSensors.read().temperatures.map(\.zone) == ["gpu", "cpu-2"])
  }

  @Test func `numbers that no machine has are none`() throws {
    let folder = try TemporaryFolder()
    _ = try folder.file("meminfo", "MemTotal: \(Int.max) kB\nMemAvailable: \(Int.max / 1024 + 1) kB\n")
    _ = try folder.file("thermal/thermal_zone0/type", "x")
    _ = try folder.file("thermal/thermal_zone0/temp", "\(Int.min)")
    _ = try folder.file("pressure/cpu", "some avg60=1e308\n")
    let reading = folder.machineSensors.read()
    #expect(reading.availableMemory == nil && reading.totalMemory == nil)
    #expect(reading.temperatures.count == 1)
    _ = try folder.file("meminfo", "MemTotal: -5 kB\nMemAvailable: 99999999999999999999 kB\n")
    #expect(folder.machineSensors.read().availableMemory == nil && folder.machineSensors.read().totalMemory == nil)
  }

  @Test func `a kernel that tells nothing, or nonsense, is no mistake`() throws {
    let folder = try TemporaryFolder()
    var sensors = folder.machineSensors
    #expect(sensors.read() == MachineReading())
    for (file, text) in [("cpu", ""), ("memory", "some avg60=nan\n"), ("io", "some avg10=1 avg300=2\n")] { _ = try folder.file("pressure/\(file)", text) }
    _ = try folder.file("thermal/thermal_zone0/type", "x")
    _ = try folder.file("thermal/thermal_zone0/temp", "warm")
    _ = try folder.file("meminfo", "MemTotal:\nMemAvailable: many kB\n")
    #expect(sensors.read() == MachineReading())
    sensors.memory = folder.path
    #expect(sensors.read() == MachineReading())
  }
}

extension TemporaryFolder {
  /// Sensors in this folder.
  var machineSensors: MachineSensors {
    var sensors = MachineSensors()
    (sensors.thermal, sensors.pressure, sensors.memory) = ("\(path)/thermal", "\(path)/pressure", "\(path)/meminfo")
    return sensors
  }

  /// One zone, and what a kernel tells of pressure and memory.
  func sensors(celsius: Double, critical: Double? = nil, memory: Double = 1.5) throws {
    _ = try file("thermal/thermal_zone0/type", "cpu\n")
    _ = try file("thermal/thermal_zone0/temp", "\(Int(celsius * 1000))\n")
    if let critical {
      _ = try file("thermal/thermal_zone0/trip_point_0_type", "passive\n")
      _ = try file("thermal/thermal_zone0/trip_point_0_temp", "1000\n")
      _ = try file("thermal/thermal_zone0/trip_point_1_type", "critical\n")
      _ = try file("thermal/thermal_zone0/trip_point_1_temp", "\(Int(critical * 1000))\n")
    }
    _ = try file("pressure/memory", "some avg10=9.00 avg60=\(memory) avg300=0.10 total=123\nfull avg10=0.00 avg60=0.25 avg300=0.00 total=9\n")
    _ = try file("pressure/cpu", "some avg10=9.00 avg60=12.00 avg300=0.10 total=123\n")
    _ = try file("meminfo", "MemTotal:        4000 kB\nMemFree:          200 kB\nMemAvailable:    1000 kB\n")
  }
}
