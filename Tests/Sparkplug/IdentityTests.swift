import Testing

@testable import Sparkplug

@Suite struct IdentityTests {
  @Test(arguments: ["", "a/b", "+", "a#", "line\n3", "a\u{0}b", "\u{7F}", String(repeating: "x", count: 256)])
  func `what can't stand in a topic is refused`(identifier: String) throws {
    #expect(throws: SparkplugError.self) { try SparkplugIdentity(group: identifier, edgeNode: "e") }
    #expect(throws: SparkplugError.self) { try SparkplugIdentity(group: "g", edgeNode: identifier) }
    let identity = try SparkplugIdentity(group: "g", edgeNode: "e")
    #expect(throws: SparkplugError.self) { try SparkplugEdgeNode(identity, primaryHost: identifier, metrics: [], at: Scene.start) }
    var node = try SparkplugEdgeNode(identity, metrics: [], at: Scene.start)
    do throws(SparkplugError) {
      _ = try node.deviceBorn(identifier, metrics: [], at: Scene.start)
      Issue.record("‘\(identifier)’ was born")
    } catch { #expect(error.code == .invalidIdentifier) }
  }

  @Test func `ids may be any other text`() throws {
    let identity = try SparkplugIdentity(group: "Werk Süd", edgeNode: "線 3")
    #expect(identity.topic(.birth) == "spBv1.0/Werk Süd/NBIRTH/線 3")
    #expect(identity.topic(.data, "$a b") == "spBv1.0/Werk Süd/DDATA/線 3/$a b")
  }

  @Test func `device ids that differ by capitals only are refused`() throws {
    var scene = try Scene()
    #expect(throws: SparkplugError.self) { _ = try scene.node.deviceBorn("SURFACE", metrics: [], at: Scene.start) }
    #expect(throws: Never.self) { _ = try scene.node.deviceBorn("surface-2", metrics: [], at: Scene.start) }
  }

  @Test(arguments: [
    [SparkplugMetric("", .boolean(true))], [SparkplugMetric("a", .boolean(true)), SparkplugMetric("a", .int32(1))],
    [SparkplugMetric("a", .boolean(true)), SparkplugMetric("A", .boolean(true))], [SparkplugMetric(String(repeating: "x", count: 1025), .boolean(true))],
    [SparkplugMetric("bdSeq", .int64(1))], [SparkplugMetric("node control/rebirth", .boolean(true))],
  ])
  func `metrics that can't be told apart, or are the node's own, are refused`(metrics: [SparkplugMetric]) throws {
    let identity = try SparkplugIdentity(group: "g", edgeNode: "e")
    do throws(SparkplugError) {
      _ = try SparkplugEdgeNode(identity, metrics: metrics, at: Scene.start)
      Issue.record("\(metrics) were accepted")
    } catch { #expect(error.code == .invalidMetrics) }
  }
}
