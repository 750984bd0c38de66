import Testing

@testable import Sparkplug

@Suite struct MetricsTests {
  private static func frame(_ count: Int = 2, _ best: (label: String, score: Float)? = ("scratch", 0.5), number: UInt64 = 3) -> SparkplugMetrics.Frame {
    SparkplugMetrics.Frame(number: number, count: count, best: best, message: #"{"a":1}"#, model: "m", modelVersion: "1.2", clockIsSynchronised: false)
  }

  @Test func `a frame's metrics are those of the device before it`() {
    // What is given up is told by itself.
    let (before, after) = (SparkplugMetrics.device(model: "m", version: "1.2").filter { $0.name != SparkplugMetrics.gap("").name }, Self.frame().device)
    #expect(before.map(\.name) == after.map(\.name))
    #expect(before.map(\.value.dataType) == after.map(\.value.dataType))
    #expect(before.suffix(2) == after.suffix(2))
  }

  @Test func `a frame is told as it was`() {
    let values = Dictionary(uniqueKeysWithValues: Self.frame().device.map { ($0.name, $0.value) })
    #expect(
      values == [
        "Detections/Count": .int32(2), "Detections/Best Label": .string("scratch"), "Detections/Best Score": .float(0.5),
        "Detections/Message": .string(#"{"a":1}"#), "Frame/Number": .int64(3), "Frame/Clock Synchronised": .boolean(false), "Model/Name": .string("m"),
        "Model/Version": .string("1.2"),
      ])
    #expect(Self.frame() == Self.frame() && Self.frame() != Self.frame(3))
  }

  @Test func `without a detection there is no best one`() {
    let nulls = Self.frame(0, nil).device.filter(\.value.isNull)
    #expect(nulls.map(\.name) == ["Detections/Best Label", "Detections/Best Score"])
  }

  @Test(arguments: [(Float.nan, Float(0)), (-1, 0), (.infinity, 1), (0.25, 0.25)])
  func `a score is held to its range`(score: Float, told: Float) {
    #expect(Self.frame(1, ("x", score)).device.contains(SparkplugMetric("Detections/Best Score", .float(told))))
  }

  @Test func `numbers beyond their type are held to it`() {
    let metrics = Self.frame(.max, number: .max).device
    #expect(metrics.contains(SparkplugMetric("Detections/Count", .int32(.max))) && metrics.contains(SparkplugMetric("Frame/Number", .int64(.max))))
  }

  @Test func `the node tells what it is`() {
    let metrics = SparkplugMetrics.node(agentVersion: "0.1.0", bootID: "b", operatingSystem: "Debian 12")
    #expect(metrics.contains(SparkplugMetric("Properties/Agent Version", .string("0.1.0"))))
    #expect(metrics.filter(\.value.isNull).map(\.name) == ["Properties/Hardware Model"])
  }
}
