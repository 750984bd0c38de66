import CPUExecution
import Inference
import ModelFormat
import ModelManifest

/// One input of libFuzzer: whatever the bytes, the parser gives a value or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  _ = try? ModelPackage(bytes, origin: "fuzz")
  // Past the checksums, where a hostile author is: the bytes as a program.
  guard let program = try? Program(decoding: bytes), program.arenaByteCount <= 1 << 22 else { return 0 }
  let weights = [UInt8](repeating: 7, count: 4096)
  unsafe weights.withUnsafeBytes { weights in
    guard unsafe (try? program.validate(weights: weights)) != nil else { return }
    let session = try? unsafe Session<CPUBackend>(program: program, weights: weights, options: CPUOptions())
    session?.run()
  }
  return 0
}
