import JSONReading
import Updates

/// One input of libFuzzer. Whatever the bytes, the readers of update metadata give a value or an error, and what is signed has one form.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let file = try? SignedMetadata(bytes, file: "fuzzed.json") else { return 0 }
  guard let again = try? JSONParser.parse(file.canonicalBytes.escapingControls), let written = try? again.canonicalBytes(),
    written == file.canonicalBytes
  else { fatalError("canonical JSON reads otherwise than it was written") }
  _ = try? RootMetadata(file.signed)
  _ = try? TimestampMetadata(file.signed)
  _ = try? SnapshotMetadata(file.signed)
  if let command = try? SignedCommand(file.signed) {
    guard (try? SignedCommand(command.signed)) == command else { fatalError("a command reads otherwise than it was written") }
  }
  if let targets = try? TargetsMetadata(file.signed, role: "targets") {
    for (path, target) in targets.targets {
      guard path == target.path else { fatalError("a target has another path than its name") }
      try? target.check(bytes)
    }
    if let pattern = targets.targets.keys.first.map(PathPattern.init) { _ = pattern.matches(pattern.text) }
  }
  return 0
}

extension [UInt8] {
  /// Canonical JSON leaves control characters as they are, which JSON itself doesn't allow.
  fileprivate var escapingControls: [UInt8] {
    flatMap { byte -> [UInt8] in byte < 0x20 ? Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8) : [byte] }
  }
}
