import Imaging

/// One input of libFuzzer: whatever the bytes, the parser gives a value or an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  _ = try? RGBImage(decoding: bytes, named: "fuzz.jpg")
  _ = try? RGBImage(decoding: bytes, named: "fuzz.bmp")
  _ = try? RGBImage(decoding: bytes, named: "fuzz.ppm")
  return 0
}
