/// Reads uncompressed BMP files of 24 and 32 bits (Microsoft's BITMAPINFOHEADER and its longer successors).
struct BMPReader {
  let bytes: [UInt8]
  let name: String

  func image() throws(ImagingError) -> RGBImage {
    let (width, signedHeight) = try header()
    let height = abs(signedHeight)
    let bits = word16(28)
    guard bits == 24 || bits == 32 else { throw ImagingError(.unsupportedFormat, "\(name) has \(bits) bits a pixel; BMP is read with 24 or 32") }
    try checkCompression(bits: bits)
    let pixelBytes = bits / 8
    let stride = (width * pixelBytes + 3) & ~3
    let start = word32(10)
    guard start >= 54, start <= bytes.count, stride * (height - 1) + width * pixelBytes <= bytes.count - start else { throw damaged("ends inside its pixels") }
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    for row in 0..<height {
      var source = start + stride * (signedHeight > 0 ? height - 1 - row : row)
      var target = 3 * width * row
      for _ in 0..<width {
        pixels[target] = bytes[source + 2]
        pixels[target + 1] = bytes[source + 1]
        pixels[target + 2] = bytes[source]
        source += pixelBytes
        target += 3
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// A negative height is that of rows from top to bottom.
  func header() throws(ImagingError) -> (width: Int, signedHeight: Int) {
    guard bytes.count >= 54 else { throw damaged("ends inside its header") }
    let headerSize = word32(14)
    guard headerSize >= 40 else { throw ImagingError(.unsupportedFormat, "\(name) has an OS/2 BMP header, which isn't read: save it anew") }
    let width = Int(Int32(truncatingIfNeeded: word32(18)))
    let signedHeight = Int(Int32(truncatingIfNeeded: word32(22)))
    let height = abs(signedHeight)
    guard width > 0, height > 0 else { throw damaged("has no pixels (\(width)×\(signedHeight))") }
    guard ImageBounds.allow(width: width, height: height) else { throw ImagingError(.tooLarge, "\(name) is too large: \(width)×\(height) pixels") }
    return (width, signedHeight)
  }

  /// Plain pixels, or bit fields that say what plain 32-bit pixels are.
  private func checkCompression(bits: Int) throws(ImagingError) {
    let compression = word32(30)
    if compression == 0 { return }
    if compression == 3, bits == 32, bytes.count >= 66, word32(54) == 0xFF0000, word32(58) == 0xFF00, word32(62) == 0xFF { return }
    throw ImagingError(.unsupportedFormat, "\(name) is a compressed BMP, which isn't read: save it uncompressed")
  }

  private func word16(_ at: Int) -> Int { Int(bytes[at]) | Int(bytes[at + 1]) << 8 }
  private func word32(_ at: Int) -> Int { word16(at) | word16(at + 2) << 16 }

  private func damaged(_ what: String) -> ImagingError {
    ImagingError(.damagedImage, "\(name) \(what): the BMP file is damaged")
  }
}
