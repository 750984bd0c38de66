import Inspection
import Pipelines
import TestBroker
import Testing

@testable import EdgeAgent

@Suite struct MachineWatchTests {
  private static var hot: MachineReading {
    var reading = MachineReading()
    reading.temperatures = [.init(zone: "cpu", celsius: 99, critical: 100)]
    return reading
  }

  @Test func `a sensor that never answers holds up nobody, and is told`() throws {
    let (lines, asked, hangs) = (Recorder<String>(), Recorder<Int>(), BoundedQueue<Int>(capacity: 1, policy: .rejectNewest))
    let watch = MachineWatch(log: AgentLog(name: "test", showsPriority: false) { lines.append($0) }, interval: .milliseconds(1)) {
      asked.append(1)
      _ = hangs.pop(timeout: .seconds(600))
      return Self.hot
    }
    watch.start()
    #expect(asked.wait { $0.count == 1 })
    let now = MonotonicClock.now()
    #expect(watch.look(at: now) == nil && lines.all.isEmpty)
    for second in [31, 33, 35] { #expect(watch.look(at: now.advanced(by: .seconds(second))) == nil) }
    #expect(lines.all.count == 1 && lines.all[0].contains("no sensor of the machine has been read for 30 s"), "\(lines.all)")
    #expect(watch.current.reading == MachineReading())
    hangs.push(1)
    #expect(asked.wait { $0.count == 2 })
    _ = watch.look(at: MonotonicClock.now())
    #expect(lines.all.last?.contains("are read again") == true)
    #expect(watch.current.reading == Self.hot)
    // Returns, though one is being asked.
    watch.stop()
    hangs.close()
  }

  @Test func `a step outlasts the configuration that it was taken in`() throws {
    let looks = Recorder<Int>()
    let watch = MachineWatch(log: AgentLog(name: "test") { _ in }, interval: .milliseconds(1)) {
      looks.append(1)
      return Self.hot
    }
    watch.start()
    var changes: [MachineWatch.Change] = []
    while changes.isEmpty {
      let before = looks.all.count
      #expect(looks.wait { $0.count > before + 1 })
      if let change = watch.look(at: MonotonicClock.now()) { changes.append(change) }
    }
    watch.stop()
    #expect(changes == [MachineWatch.Change(before: 0, step: 1, reasons: ["cpu is at 99.0 °C (limit 95.0 °C)"])])
    var other = DegradationSettings()
    other.memoryPressure = 50
    watch.adopt(other)
    #expect(watch.current.step == 1)
  }

  @Test func `only live cameras are spared, and nothing that parts are judged by`() throws {
    var configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: "/nowhere"),
      cameras: [NamedCamera(name: "live", source: .device("/dev/video0")), NamedCamera(name: "replay", source: .folder("/x"))],
      pipelines: ["free", "parts", "gated", "led", "counted"].map { PipelineSettings(name: $0, camera: "live", modelPath: "") })
    configuration.pipelines.append(PipelineSettings(name: "replayed", camera: "replay", modelPath: ""))
    configuration.pipelines.append(PipelineSettings(name: "follower", camera: "live", modelPath: ""))
    configuration.pipelines[1].inspection.parts = .init(.trigger)
    var rule = RuleSettings(name: "r", when: try Expression(parsing: "defect"))
    rule.rejects = true
    configuration.pipelines[2].inspection.rules = [rule]
    configuration.pipelines[4].frameCount = 5
    configuration.pipelines[6].after = "led"
    configuration.pipelines[6].inspection.rules = [rule]
    #expect(configuration.reasonToKeepAll(configuration.pipelines[0]) == nil)
    #expect(
      configuration.keptInFull == [
        "parts judges parts and leaves nothing out", "gated works a gate and leaves nothing out", "led works a gate and leaves nothing out",
        "counted is to process a number of frames and leaves nothing out", "replayed replays pictures and leaves nothing out",
      ])
  }
}
