/// How pixels lie in memory. Names follow V4L2 and FFmpeg.
public enum PixelFormat: Hashable, Sendable, CaseIterable {
  /// 4:2:2 packed, Y0 U Y1 V
  case yuyv
  /// 4:2:2 packed, U Y0 V Y1
  case uyvy
  /// 4:2:0, a plane of Y and one of interleaved U V
  case nv12
  /// 4:2:0, a plane of Y and one of interleaved V U
  case nv21
  /// 4:2:0, three planes Y, U, V
  case i420
  /// 8-bit luminance
  case grey
  /// 8-bit red, green, blue
  case rgb24
  /// 8-bit blue, green, red
  case bgr24
  /// one JPEG an image
  case mjpeg
  /// what a sensor without an image processor sends, with or without colour filters
  case sensor(SensorSamples)

  public static let allCases: [PixelFormat] =
    [.yuyv, .uyvy, .nv12, .nv21, .i420, .grey, .rgb24, .bgr24, .mjpeg] + SensorSamples.all.map { .sensor($0) }

  /// The name used in configuration and messages.
  public var name: String {
    switch self {
    case .yuyv: "YUYV"
    case .uyvy: "UYVY"
    case .nv12: "NV12"
    case .nv21: "NV21"
    case .i420: "I420"
    case .grey: "GREY"
    case .rgb24: "RGB24"
    case .bgr24: "BGR24"
    case .mjpeg: "MJPEG"
    case .sensor(let samples): samples.name
    }
  }
}

/// How Y, U and V were made from red, green and blue.
public enum ColourEncoding: UInt8, Sendable {
  /// ITU-R BT.601, Y 16…235 (most USB cameras)
  case bt601Limited
  /// ITU-R BT.601, Y 0…255 (JPEG)
  case bt601Full
  /// ITU-R BT.709, Y 16…235 (HD sources)
  case bt709Limited
  case bt709Full
}
