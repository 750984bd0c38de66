import Glibc
import Imaging

/// What an image file says of itself before it is read.
enum ImageHeader {
  /// Segments of a JPEG file that are stepped over. Where there are more, its header tells nothing.
  private static let segmentLimit = 256

  /// Bytes that a buffer needs which the file is read into, and its pixels are where it is no JPEG; nil where its first bytes don't tell its pixels.
  static func bufferByteCount(ofFile path: String) -> Int? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
    let begin = part(of: descriptor, at: 0, count: 512)
    guard begin.count >= 2 else { return nil }
    switch (begin[0], begin[1]) {
    case (0xFF, 0xD8): return namesSize(descriptor) ? Int(facts.st_size) : nil
    case (0x42, 0x4D), (0x50, 0x35), (0x50, 0x36):
      guard let size = RGBImage.size(inHeader: begin) else { return nil }
      // Such a file has all pixels, of a byte at least: what says more than it has is no image.
      guard size.width * size.height <= facts.st_size else { return nil }
      return max(Int(facts.st_size), 3 * size.width * size.height)
    default: return nil
    }
  }

  /// Whether a JPEG file's frame header names a size; see `JPEGHeader`.
  private static func namesSize(_ descriptor: Int32) -> Bool {
    var position = 2
    for _ in 0..<segmentLimit {
      let head = part(of: descriptor, at: position, count: 9)
      guard head.count == 9, head[0] == 0xFF, head[1] != 0xDA, head[1] != 0xD9 else { return false }
      if head[1] == 0xFF {
        position += 1
        continue
      }
      if (0xC0...0xCF).contains(head[1]), ![0xC4, 0xC8, 0xCC].contains(head[1]) {
        return head[5] | head[6] != 0 && head[7] | head[8] != 0
      }
      let length = Int(head[2]) << 8 | Int(head[3])
      guard length >= 2 else { return false }
      position += 2 + length
    }
    return false
  }

  /// What is there of it, perhaps less.
  private static func part(of descriptor: Int32, at position: Int, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, count, position) }
    return Array(bytes.prefix(max(got, 0)))
  }
}
