/// As much of a JPEG file as its size takes (ITU-T T.81, annex B).
enum JPEGHeader {
  /// The size that the frame header names, or nil where there is no whole one.
  static func size(of bytes: UnsafeBufferPointer<UInt8>) -> (width: Int, height: Int)? {
    guard unsafe bytes.count >= 4 && bytes[0] == 0xFF && bytes[1] == 0xD8 else { return nil }
    var position = 2
    while position + 4 <= bytes.count {
      guard unsafe bytes[position] == 0xFF else { return nil }
      let marker = unsafe bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      // Start of scan or end of image: no frame header came before it.
      if marker == 0xDA || marker == 0xD9 { return nil }
      let isFrameHeader = (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
      let length = unsafe Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      if isFrameHeader {
        guard length >= 8, position + 9 <= bytes.count else { return nil }
        let height = unsafe Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
        let width = unsafe Int(bytes[position + 7]) << 8 | Int(bytes[position + 8])
        return width > 0 && height > 0 ? (width, height) : nil
      }
      guard length >= 2 else { return nil }
      position += 2 + length
    }
    return nil
  }
}
