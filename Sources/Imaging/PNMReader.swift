/// Reads binary PPM (P6) and PGM (P5) files with up to 8 bits a sample.
struct PNMReader {
  let bytes: [UInt8]
  let name: String
  private var at = 2

  init(bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  mutating func image() throws(ImagingError) -> RGBImage {
    let isColour = bytes[1] == 0x36
    let (width, height, maximum) = try header()
    at += 1  // the one white space after the maximum
    let channels = isColour ? 3 : 1
    let count = width * height * channels
    guard bytes.count - at >= count else { throw damaged("ends inside its pixels") }
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    for index in 0..<(3 * width * height) {
      let sample = Int(bytes[at + (isColour ? index : index / 3)])
      pixels[index] = maximum == 255 ? UInt8(sample) : UInt8((min(sample, maximum) * 255 + maximum / 2) / maximum)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Up to the last digit of it.
  mutating func header() throws(ImagingError) -> (width: Int, height: Int, maximum: Int) {
    let width = try number("width")
    let height = try number("height")
    let maximum = try number("maximum value")
    guard width > 0, height > 0, maximum > 0 else { throw damaged("says \(width)×\(height) pixels up to \(maximum)") }
    guard maximum <= 255 else { throw ImagingError(.unsupportedFormat, "\(name) has 16-bit samples; PPM and PGM are read with 8") }
    guard ImageBounds.allow(width: width, height: height) else { throw ImagingError(.tooLarge, "\(name) is too large: \(width)×\(height) pixels") }
    return (width, height, maximum)
  }

  /// The next decimal number of the header, white space and comments before it skipped.
  private mutating func number(_ what: String) throws(ImagingError) -> Int {
    while at < bytes.count {
      if bytes[at] == 0x23 {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
      } else if isWhiteSpace(bytes[at]) {
        at += 1
      } else {
        break
      }
    }
    var value = 0
    let start = at
    while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39, at - start < 9 {
      value = value * 10 + Int(bytes[at] - 0x30)
      at += 1
    }
    guard at > start, at < bytes.count, isWhiteSpace(bytes[at]) else { throw damaged("has no \(what) in its header") }
    return value
  }

  private func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

  private func damaged(_ what: String) -> ImagingError {
    ImagingError(.damagedImage, "\(name) \(what): the file is damaged")
  }
}
