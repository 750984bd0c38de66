public import Imaging

/// A pixel format's four-character code, as V4L2 has them.
public struct FourCC: Hashable, Sendable, CustomStringConvertible {
  public let code: UInt32

  public init(code: UInt32) {
    self.code = code
  }

  /// - Parameter text: four ASCII characters.
  init(_ text: StaticString) {
    precondition(text.utf8CodeUnitCount == 4)
    let bytes = unsafe UnsafeBufferPointer(start: text.utf8Start, count: 4)
    code = (0..<4).reversed().reduce(0) { code, index in unsafe code << 8 | UInt32(bytes[index]) }
  }

  /// The four characters, those that can't be printed as `?`.
  public var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> ($0 * 8)) }
    return String(decoding: bytes.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }

  /// What drivers offer and we read as it is, the cheapest to convert first; without colour, and compressed, last.
  static let native: [(code: FourCC, format: PixelFormat)] = [
    (FourCC("YUYV"), .yuyv), (FourCC("UYVY"), .uyvy), (FourCC("NV12"), .nv12), (FourCC("NV21"), .nv21), (FourCC("YU12"), .i420),
    (FourCC("RGB3"), .rgb24), (FourCC("BGR3"), .bgr24), (FourCC("MJPG"), .mjpeg), (FourCC("JPEG"), .mjpeg), (FourCC("GREY"), .grey),
  ]

  /// The format that we read it as; nil where libv4l has to convert first.
  public var pixelFormat: PixelFormat? {
    Self.native.first { $0.code == self }?.format
  }
}
