import ReleaseAuthoring

/// What a device of a test tells.
struct TestDevice {
  var site = "plant-a"
  var name: String
  var channel = "line-a"
  var active: (version: String, release: Int)?
  var candidate: String?
  var last: (version: String, release: Int, outcome: String, code: String)?
  var model = "defects"

  var topic: String { "swiftlet/v1/\(site)/\(name)/models" }

  var payload: [UInt8] {
    let active = active.map { #"{"version": "\#($0.version)", "release": \#($0.release), "sha256": "00"}"# } ?? "null"
    let last =
      last.map {
        #"{"version": "\#($0.version)", "release": \#($0.release), "outcome": "\#($0.outcome)", "code": "\#($0.code)", "reason": "why", "at": "2026-03-01T00:00:00Z"}"#
      } ?? "null"
    let metadata = #"{"root": 1, "timestamp": 3, "checked_at": "2026-03-01T00:00:00Z", "outcome": "current", "reason": ""}"#
    return Array(
      #"""
      {"schema": 1, "epoch": 1, "sequence": 1, "captured_at": "2026-03-01T00:00:00Z", "clock": "synchronised", "channel": "\#(channel)",
       "metadata": \#(metadata),
       "models": {"\#(model)": {"active": \#(active), "previous": null, "candidate": \#(candidate ?? "null"), "last": \#(last)}}}
      """#.utf8)
  }

  static func running(_ name: String, _ version: String, _ release: Int, channel: String = "line-a") -> TestDevice {
    TestDevice(name: name, channel: channel, active: (version, release), last: (version, release, "installed", ""))
  }

  static func failed(_ name: String, _ version: String, _ release: Int, outcome: String = "rolled back", code: String = "health") -> TestDevice {
    TestDevice(name: name, active: ("1", 1), last: (version, release, outcome, code))
  }
}

extension Fleet {
  init(_ devices: [TestDevice]) {
    self.init()
    for device in devices { _ = take(topic: device.topic, payload: device.payload) }
  }
}
