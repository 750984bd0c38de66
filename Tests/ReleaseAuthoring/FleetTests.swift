import ReleaseAuthoring
import Testing

@Suite struct FleetTests {
  private func stage(_ device: TestDevice) throws -> DeviceStage {
    let report = try #require(DeviceReport(topic: device.topic, payload: device.payload))
    return DeviceStage(try #require(report.models["defects"]), expected: nil)
  }

  @Test(arguments: ["downloading", "verifying", "testing", "shadowing", "watching"])
  func `a package on its way is told by where it is`(state: String) throws {
    var device = TestDevice.running("a", "1", 1)
    device.candidate = #"{"version": "2", "release": 2, "state": "\#(state)", "blocks": 41, "of": 60, "bytes_per_second": 98000}"#
    let stage = try stage(device)
    #expect(stage.kind.rawValue == state && stage.version == "2" && stage.active == "1")
    #expect(stage.blockCount == 41 && stage.totalBlockCount == 60 && stage.bytesPerSecond == 98_000)
  }

  @Test(arguments: ["rolled back", "refused", "failed"])
  func `how a package ended is told with the reason`(outcome: String) throws {
    let stage = try stage(.failed("a", "2", 2, outcome: outcome))
    #expect(stage.kind.rawValue == outcome && stage.version == "2" && stage.active == "1" && stage.code == "health" && stage.reason == "why")
  }

  @Test func `what runs, runs, also after an older version failed`() throws {
    #expect(try stage(.running("a", "1", 1)).kind == .running)
    var device = TestDevice.failed("a", "2", 2)
    device.active = ("3", 3)
    #expect(try stage(device).kind == .running)
    #expect(try stage(TestDevice(name: "a")).kind == .empty)
  }

  @Test func `a change is a change of something but time`() {
    var fleet = Fleet()
    let device = TestDevice.running("a", "1", 1)
    let isChange = fleet.take(topic: device.topic, payload: device.payload)
    let later = String(decoding: device.payload, as: UTF8.self).split(separator: "captured_at\": \"2026").joined(separator: "captured_at\": \"2027")
    let isChangeOfTime = fleet.take(topic: device.topic, payload: Array(later.utf8))
    #expect(isChange && !isChangeOfTime)
    #expect(fleet.reports["plant-a/a"]?.capturedAt.hasPrefix("2027") == true)
    let isForgotten = fleet.take(topic: device.topic, payload: [])
    #expect(isForgotten && fleet.reports.isEmpty)
  }

  @Test(arguments: [
    ("swiftlet/v1/a/b/models", "no JSON"), ("swiftlet/v1/a/b/models", "{}"), ("swiftlet/v1/a/b/models", #"{"channel": 5, "models": {}}"#),
    ("swiftlet/v1/a/b/models", #"{"channel": "x", "models": []}"#), ("swiftlet/v1/a/models", #"{"channel": "x", "models": {}}"#),
    ("swiftlet/v1/a/b/state", #"{"channel": "x", "models": {}}"#), ("swiftlet/v2/a/b/models", #"{"channel": "x", "models": {}}"#),
  ])
  func `what is no device's word is passed over`(topic: String, text: String) {
    var fleet = Fleet()
    let isTaken = fleet.take(topic: topic, payload: Array(text.utf8))
    #expect(!isTaken && fleet.reports.isEmpty)
  }

  @Test func `what a device says can't steer a terminal or a log`() throws {
    let text =
      #"{"channel": "x\u001b[2J", "models": {"m": {"active": {"version": "1\n2", "release": 1}, "last": {"version": "2", "release": 2,"#
      + #" "outcome": "failed", "code": "c\u0007", "reason": "line\r\nline\u202e"}}}}"#
    let report = try #require(DeviceReport(topic: "swiftlet/v1/a/b/models", payload: Array(text.utf8)))
    let model = try #require(report.models["m"])
    for text in [report.channel, model.active?.version ?? "", model.last?.code ?? "", model.last?.reason ?? ""] {
      #expect(!text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.properties.generalCategory != .format }, "\(text)")
    }
  }

  @Test(arguments: [("plant-a/line-3-top", 9864), ("a/b", 61)])
  func `which of 10,000 a device is follows from its name`(device: String, bucket: Int) {
    #expect(TrustedRelease.bucket(of: device) == bucket)
  }
}
