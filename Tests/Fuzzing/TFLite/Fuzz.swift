import ModelCompiler
import TFLite

/// One input of libFuzzer: whatever the bytes, reader and compiler give a value or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let model = try? TFLiteModel(bytes: bytes), let compilation = try? ModelCompilation(model, name: "fuzz") {
    _ = try? compilation.compiled()
  }
  return 0
}
