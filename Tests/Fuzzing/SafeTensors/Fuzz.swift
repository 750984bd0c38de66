import SafeTensors

/// One input of libFuzzer: whatever the bytes, the reader gives tensors or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let file = try? SafeTensorsFile(bytes, origin: "fuzz") else { return 0 }
  for name in file.names { _ = try? file.tensor(name) }
  return 0
}
