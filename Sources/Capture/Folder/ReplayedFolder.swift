import Glibc
import Imaging

/// The images of a folder, and reading one into memory.
struct ReplayedFolder: Sendable {
  /// A file longer than this is no image that we want to read.
  static let byteLimit = 64 << 20

  let path: String

  /// What there is to replay.
  struct Round {
    /// In byte order.
    var names: [String]
    /// Bytes of a buffer that holds any image of which the header tells its pixels.
    var largest: Int
  }

  func round() throws(CaptureError) -> Round {
    let images: [ImageFolder.Entry]
    // A folder that bears an image's name is counted as an image that can't be read.
    do throws(ImagingError) { images = try ImageFolder.entries(of: path).filter { RGBImage.isImageFile(named: $0.name) } } catch {
      switch error.code {
      case .missingFile: throw CaptureError(.notFound, "folder:\(error.message)")
      case .forbiddenFile: throw CaptureError(.noPermission, "folder:\(error.message)")
      default: throw CaptureError(.inputOutput, "folder:\(error.message)")
      }
    }
    guard !images.isEmpty else {
      throw CaptureError(.notFound, "folder:\(path): holds no image; put .jpg, .ppm or .bmp files there")
    }
    return Round(names: images.map(\.name), largest: largest(of: images))
  }

  /// Looks into few files: from the largest one on, until none of the rest can need more.
  private func largest(of images: [ImageFolder.Entry]) -> Int {
    // Only a grey file is smaller than its pixels.
    let mostByName = { (image: ImageFolder.Entry) in image.name.lowercased().hasSuffix(".pgm") ? 3 * image.byteCount : image.byteCount }
    let candidates = images.filter { (1...Self.byteLimit).contains($0.byteCount) }.map { (name: $0.name, most: mostByName($0)) }
    var largest = 0
    for candidate in candidates.sorted(by: { $0.most > $1.most }) {
      guard candidate.most > largest else { break }
      largest = max(largest, ImageHeader.bufferByteCount(ofFile: "\(path)/\(candidate.name)") ?? 0)
    }
    return largest
  }

  /// Reads a whole regular file into what `memory` gives for its size.
  ///
  /// - Returns: the bytes read, or nil when the file is gone, not regular, empty, too long or changes while it is read.
  func read(_ name: String, into memory: (Int) -> UnsafeMutableBufferPointer<UInt8>) -> UnsafeMutableBufferPointer<UInt8>? {
    let descriptor = unsafe open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, (1...Self.byteLimit).contains(status.st_size) else { return nil }
    let bytes = unsafe memory(status.st_size)
    var count = 0
    while count < status.st_size {
      let got = unsafe Glibc.read(descriptor, bytes.baseAddress! + count, status.st_size - count)
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { return nil }
      count += got
    }
    return unsafe UnsafeMutableBufferPointer(rebasing: bytes[..<count])
  }
}
