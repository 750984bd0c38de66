/// Why an image can't be read, prepared or written.
public struct ImagingError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// There is no such file or folder.
    case missingFile
    /// This user may not read it.
    case forbiddenFile
    /// The file can't be opened or read.
    case unreadableFile
    /// The file can't be written.
    case unwritableFile
    /// No image format that this module reads.
    case unsupportedFormat
    /// The bytes break their own format, or end too early.
    case damagedImage
    /// Wider, higher or larger than the bounds in `ImageBounds`.
    case tooLarge
    /// Settings that contradict themselves or the tensor.
    case invalidSettings
    /// The JPEG library can't be used.
    case decoderUnavailable
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// What an image may be: bounds that a hostile header can't exceed.
public enum ImageBounds {
  /// Pixels on a side.
  public static let maximumSide = 16_384
  /// Pixels of an image (192 MB as RGB24).
  public static let maximumPixelCount = 67_108_864
  /// Bytes of an image file.
  public static let maximumFileByteCount = 268_435_456

  /// Whether an image of this size may be made.
  public static func allow(width: Int, height: Int) -> Bool {
    width > 0 && height > 0 && width <= maximumSide && height <= maximumSide && width * height <= maximumPixelCount
  }
}
