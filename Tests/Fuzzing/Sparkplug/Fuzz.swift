import Pipelines
import Sparkplug

/// One input of libFuzzer. Whatever the bytes, the reader of payloads gives a value that can be written and read again, or an error;
/// and whatever comes as a command, as the primary host's state or out of the store, an edge node's session stays sound.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let payload = try? SparkplugPayload(bytes) {
    let written = payload.encoded()
    // Compared as bytes, as NaN is unequal to itself.
    guard let again = try? SparkplugPayload(written), again.encoded() == written else { fatalError("it reads otherwise than it was written") }
  }
  play(bytes)
  return 0
}

/// A session in which the bytes come from everywhere.
private func play(_ bytes: [UInt8]) {
  let now = WallTime(microseconds: 1_772_348_709_000_042)
  guard let identity = try? SparkplugIdentity(group: "g", edgeNode: "e"),
    var node = try? SparkplugEdgeNode(identity, primaryHost: "h", metrics: [], at: now)
  else { fatalError("the ids are good") }
  _ = try? node.deviceBorn("d", metrics: SparkplugMetrics.device(model: "m", version: "1"), at: now)
  _ = node.beginConnection(at: now)
  _ = node.connectionEstablished(at: now)
  check(node.receive(topic: "spBv1.0/STATE/h", payload: bytes, at: now), node)
  check(node.receive(topic: "spBv1.0/STATE/h", payload: Array(#"{"online":true,"timestamp":18446744073709551615}"#.utf8), at: now), node)
  check(node.receive(topic: "spBv1.0/g/NCMD/e", payload: bytes, at: now), node)
  if let sample = try? SparkplugSample(device: "d", storedForm: bytes) {
    guard let again = try? SparkplugSample(device: "d", storedForm: sample.storedForm), again.storedForm == sample.storedForm else {
      fatalError("a stored sample reads otherwise than it was written")
    }
    _ = try? node.publish(stored: [sample, again], at: now)
    _ = try? node.publish(live: sample, at: now)
    _ = try? node.deviceBorn("d", metrics: sample.metrics, at: now)
  }
  check(node.receive(topic: "spBv1.0/STATE/h", payload: bytes, at: now), node)
}

/// Births come out within a session only, deaths at its end.
private func check(_ actions: [SparkplugAction], _ node: SparkplugEdgeNode) {
  for case .publish(let message) in actions {
    let isDeath = message.topic == "spBv1.0/g/NDEATH/e"
    guard isDeath == !node.mayPublishData else { fatalError("\(message.topic) was published in phase \(node.phase)") }
  }
}
