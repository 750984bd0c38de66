/// As much of a JPEG file as its size takes (ITU-T T.81, annex B).
enum JPEGHeader {
  static func isJPEG(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe bytes.count >= 2 && bytes[0] == 0xFF && bytes[1] == 0xD8
  }

  /// The size that the frame header names, or nil where there is no whole one or no end of image after it (the file was cut).
  static func size(of bytes: UnsafeBufferPointer<UInt8>) -> (width: Int, height: Int)? {
    guard unsafe isJPEG(bytes) else { return nil }
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
        let isWhole = unsafe endsImage(bytes, after: position + 2 + length)
        return width > 0 && height > 0 && isWhole ? (width, height) : nil
      }
      guard length >= 2 else { return nil }
      position += 2 + length
    }
    return nil
  }

  /// Compressed data never holds the end marker's bytes, so the last ones found are it; some writers pad behind it.
  private static func endsImage(_ bytes: UnsafeBufferPointer<UInt8>, after start: Int) -> Bool {
    var position = bytes.count - 2
    while position >= start {
      if unsafe bytes[position] == 0xFF && bytes[position + 1] == 0xD9 { return true }
      position -= 1
    }
    return false
  }
}
