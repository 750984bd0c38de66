import CTurboJPEG

extension RGBImage {
  /// The image as a JPEG file, 4:2:0.
  /// - Parameter quality: 1…100.
  public func jpeg(quality: Int = 85) throws(ImagingError) -> [UInt8] {
    guard let handle = unsafe tjInitCompress() else { throw ImagingError(.decoderUnavailable, "the JPEG library can't be started: out of memory") }
    defer { unsafe tjDestroy(handle) }
    var encoded: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    defer { unsafe tjFree(encoded) }
    let status = unsafe pixels.withUnsafeBufferPointer {
      unsafe tjCompress2(
        handle, $0.baseAddress, Int32(width), Int32(3 * width), Int32(height), Int32(TJPF_RGB.rawValue), &encoded, &size, Int32(TJSAMP_420.rawValue),
        Int32(min(max(quality, 1), 100)), 0)
    }
    guard status == 0, let start = unsafe encoded else {
      throw ImagingError(.decoderUnavailable, "the JPEG library can't encode \(width)×\(height) pixels: \(unsafe String(cString: tjGetErrorStr2(handle)))")
    }
    return unsafe [UInt8](UnsafeBufferPointer(start: start, count: Int(size)))
  }

  /// The image as a binary PPM file.
  public func ppm() -> [UInt8] {
    [UInt8]("P6\n\(width) \(height)\n255\n".utf8) + pixels
  }

  /// Writes the image as JPEG or PPM, by the ending of `path` (`.jpg`, `.jpeg`, `.ppm`).
  public func write(to path: String, quality: Int = 90) throws(ImagingError) {
    let name = path.lowercased()
    if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
      try FileBytes.write(jpeg(quality: quality), to: path)
    } else if name.hasSuffix(".ppm") {
      try FileBytes.write(ppm(), to: path)
    } else {
      throw ImagingError(.unsupportedFormat, "\(path): images are written as .jpg or .ppm")
    }
  }
}
