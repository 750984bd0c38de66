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

  /// What drivers offer and we read as it is, the cheapest to convert first; compressed, raw and without colour last.
  static let native: [(code: FourCC, format: PixelFormat)] =
    [
      (FourCC("YUYV"), .yuyv), (FourCC("UYVY"), .uyvy), (FourCC("NV12"), .nv12), (FourCC("NM12"), .nv12), (FourCC("NV21"), .nv21),
      (FourCC("NM21"), .nv21), (FourCC("YU12"), .i420), (FourCC("YM12"), .i420), (FourCC("RGB3"), .rgb24), (FourCC("BGR3"), .bgr24),
      (FourCC("MJPG"), .mjpeg), (FourCC("JPEG"), .mjpeg),
    ] + sensors.filter { $0.samples.pattern != .none }.map { ($0.code, .sensor($0.samples)) } + [(FourCC("GREY"), .grey)]
    + sensors.filter { $0.samples.pattern == .none }.map { ($0.code, .sensor($0.samples)) }

  /// V4L2's codes of raw formats, by their names.
  private static let sensors: [(code: FourCC, samples: SensorSamples)] = {
    let codes: [String: FourCC] = [
      "SRGGB8": FourCC("RGGB"), "SGRBG8": FourCC("GRBG"), "SGBRG8": FourCC("GBRG"), "SBGGR8": FourCC("BA81"),
      "SRGGB10": FourCC("RG10"), "SGRBG10": FourCC("BA10"), "SGBRG10": FourCC("GB10"), "SBGGR10": FourCC("BG10"),
      "SRGGB10P": FourCC("pRAA"), "SGRBG10P": FourCC("pgAA"), "SGBRG10P": FourCC("pGAA"), "SBGGR10P": FourCC("pBAA"),
      "SRGGB12": FourCC("RG12"), "SGRBG12": FourCC("BA12"), "SGBRG12": FourCC("GB12"), "SBGGR12": FourCC("BG12"),
      "SRGGB12P": FourCC("pRCC"), "SGRBG12P": FourCC("pgCC"), "SGBRG12P": FourCC("pGCC"), "SBGGR12P": FourCC("pBCC"),
      "SRGGB14": FourCC("RG14"), "SGRBG14": FourCC("GR14"), "SGBRG14": FourCC("GB14"), "SBGGR14": FourCC("BG14"),
      "SRGGB16": FourCC("RG16"), "SGRBG16": FourCC("GR16"), "SGBRG16": FourCC("GB16"), "SBGGR16": FourCC("BYR2"),
      "Y10": FourCC("Y10 "), "Y12": FourCC("Y12 "), "Y14": FourCC("Y14 "), "Y16": FourCC("Y16 "), "Y10P": FourCC("Y10P"), "Y12P": FourCC("Y12P"),
    ]
    return SensorSamples.all.compactMap { samples in codes[samples.name].map { ($0, samples) } }
  }()

  /// Of NV12, NV21 and I420 in the variants whose planes lie in memory apart: how many they are. 1 where they follow one another.
  var memoryPlaneCount: Int {
    switch self {
    case FourCC("NM12"), FourCC("NM21"): 2
    case FourCC("YM12"): 3
    default: 1
    }
  }

  /// The format that we read it as; nil where libv4l has to convert first.
  public var pixelFormat: PixelFormat? {
    Self.native.first { $0.code == self }?.format
  }
}
