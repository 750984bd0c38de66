import ModelCompiler
import ONNX

/// One input of libFuzzer: whatever the bytes, the parser gives a value or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let model = try? ONNXModel(bytes: bytes, memoryLimit: 1 << 26), let compilation = try? ModelCompilation(model, name: "fuzz") {
    _ = try? compilation.compiled()
  }
  return 0
}
