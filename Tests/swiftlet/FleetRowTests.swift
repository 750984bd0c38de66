import ReleaseAuthoring
import Testing

@testable import swiftlet

@Suite struct FleetRowTests {
  private func fleet(_ models: [(device: String, model: String)], outcome: String = "current") -> Fleet {
    var fleet = Fleet()
    for (device, model) in models {
      let text = #"{"channel": "line-a", "metadata": {"outcome": "\#(outcome)", "reason": "over"}, "models": {"defects": \#(model)}}"#
      _ = fleet.take(topic: "swiftlet/v1/plant-a/\(device)/models", payload: Array(text.utf8))
    }
    return fleet
  }

  private static let running = #"{"active": {"version": "1", "release": 1}}"#
  private static let downloading =
    #"{"active": {"version": "1", "release": 1}, "candidate": {"version": "2", "release": 2, "state": "downloading", "blocks": 41, "of": 60,"#
    + #" "bytes_per_second": 98000}}"#
  private static let rolledBack =
    #"{"active": {"version": "1", "release": 1}, "last": {"version": "2", "release": 2, "outcome": "rolled back", "code": "health", "reason": "no frames"}}"#

  @Test func `what needs looking after comes first, what runs last`() {
    let rows = FleetRow.rows(fleet([("a", Self.running), ("b", Self.downloading), ("c", Self.rolledBack), ("d", Self.running)]), nil)
    #expect(rows.map(\.device) == ["plant-a/c", "plant-a/b", "plant-a/a", "plant-a/d"])
    #expect(FleetRow.summary(rows) == "4 devices: 1 downloading, 2 running, 1 rolled back")
    #expect(FleetRow.summary([]) == "0 devices")
  }

  @Test(arguments: [
    (running, "running 1"), (downloading, "downloading 2 41/60, 98 kB/s (runs 1)"), (rolledBack, "rolled back 2 (runs 1): health: no frames"),
    ("{}", "has no version yet"),
  ])
  func `a row says where the device stands`(model: String, expected: String) throws {
    let row = try #require(FleetRow.rows(fleet([("a", model)]), nil).first)
    #expect(row.line.hasPrefix("plant-a/a ") && row.line.hasSuffix(" \(expected)"), "\(row.line)")
  }

  @Test func `a device that trusts nothing new says why`() throws {
    let row = try #require(FleetRow.rows(fleet([("a", Self.running)], outcome: "expired"), nil).first)
    #expect(row.line.hasSuffix("running 1  (expired: over)"))
    #expect(row.json.text.contains(#""state": "running""#) && row.json.text.contains(#""trouble": "expired: over""#))
  }
}
