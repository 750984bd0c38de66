import JSONReading

/// One input of libFuzzer: whatever the bytes, the parser gives a value that nests no deeper than it may, or an error. It reads what comes from
/// a broker (commands, a Sparkplug host's state) and packages' manifests.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  for limit in [3, JSONParser.deepest] {
    guard let value = try? JSONParser.parse(bytes, depthLimit: limit) else { continue }
    guard depth(of: value) <= limit else { fatalError("it nests deeper than \(limit)") }
  }
  return 0
}

/// The outermost value counted.
private func depth(of value: JSONValue) -> Int {
  switch value {
  case .array(let items): 1 + (items.map(depth).max() ?? 0)
  case .object(let members): 1 + (members.values.map(depth).max() ?? 0)
  case .null, .boolean, .number, .string: 1
  }
}
