extension RGBImage {
  /// Reads an image file: JPEG (baseline or progressive, grey or colour; EXIF orientation is not applied), BMP (24 or 32 bits,
  /// uncompressed), PPM or PGM (binary, up to 8 bits). The content decides, not the file's name.
  /// - Throws: an `ImagingError` that names the file. A JPEG cut short or with damaged data is an error; one that merely
  ///   carries surplus bytes is not.
  public init(contentsOf path: String) throws(ImagingError) {
    let bytes = try FileBytes.read(path, maximumByteCount: ImageBounds.maximumFileByteCount)
    try self.init(decoding: bytes, named: path)
  }

  /// Decodes the bytes of an image file, as `init(contentsOf:)` does.
  /// - Parameter name: what messages call the image.
  public init(decoding bytes: [UInt8], named name: String) throws(ImagingError) {
    switch bytes.prefix(2) {
    case [0xFF, 0xD8]: self = try JPEGDecoder().image(from: bytes, named: name)
    case [0x42, 0x4D]: self = try BMPReader(bytes: bytes, name: name).image()
    case [0x50, 0x35], [0x50, 0x36]:
      var reader = PNMReader(bytes: bytes, name: name)
      self = try reader.image()
    case [0x89, 0x50]: throw ImagingError(.unsupportedFormat, "\(name) is a PNG file, which isn't read: convert it to JPEG, BMP or PPM")
    case []: throw ImagingError(.damagedImage, "\(name) is empty")
    default: throw ImagingError(.unsupportedFormat, "\(name) is no JPEG, BMP, PPM or PGM file: convert it to one of these")
    }
  }

  /// The size that a BMP, PPM or PGM file's first bytes tell, where it is one that is read.
  package static func size(inHeader bytes: [UInt8]) -> (width: Int, height: Int)? {
    switch bytes.prefix(2) {
    case [0x42, 0x4D]: return (try? BMPReader(bytes: bytes, name: "").header()).map { ($0.width, abs($0.signedHeight)) }
    case [0x50, 0x35], [0x50, 0x36]:
      var reader = PNMReader(bytes: bytes, name: "")
      return (try? reader.header()).map { ($0.width, $0.height) }
    default: return nil
    }
  }

  /// Whether a file's name ends as those of the formats that are read.
  public static func isImageFile(named name: String) -> Bool {
    ["jpg", "jpeg", "bmp", "ppm", "pgm"].contains(ending(of: name))
  }

  /// Whether a file's name ends as those of widespread image formats that aren't read.
  public static func isForeignImageFile(named name: String) -> Bool {
    ["png", "webp", "tif", "tiff", "gif", "heic"].contains(ending(of: name))
  }

  /// In lower case; empty where there is none.
  private static func ending(of name: String) -> String {
    name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
  }
}
