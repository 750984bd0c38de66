import Imaging

/// How a driver's format lies in its buffers.
extension VideoFormat {
  /// V4L2_COLORSPACE_…
  private static let jpegColourSpace: UInt32 = 7
  private static let rec709ColourSpace: UInt32 = 3
  private static let bt2020ColourSpace: UInt32 = 10
  /// V4L2_YCBCR_ENC_… 709, and its wide variants
  private static let encodings709: Set<UInt32> = [2, 4]
  /// V4L2_QUANTIZATION_…
  private static let fullRange: UInt32 = 1
  private static let limitedRange: UInt32 = 2

  /// The nearest of what we convert from. What a driver leaves open follows V4L2's own defaults, except that luminance without
  /// colour is taken as full range, as sensors deliver it.
  var colourEncoding: ColourEncoding {
    let is709 =
      encoding == 0
      ? colourSpace == Self.rec709ColourSpace || colourSpace == Self.bt2020ColourSpace
      : Self.encodings709.contains(encoding)
    let isFull: Bool
    switch quantisation {
    case Self.fullRange: isFull = true
    case Self.limitedRange: isFull = false
    default: isFull = colourSpace == Self.jpegColourSpace || [.mjpeg, .grey, .rgb24, .bgr24].contains(code.pixelFormat)
    }
    return is709 ? (isFull ? .bt709Full : .bt709Limited) : (isFull ? .bt601Full : .bt601Limited)
  }

  /// Bytes from row to row of the first plane: the driver's, or the least where it says less.
  var rowBytes: Int {
    let least =
      switch code.pixelFormat {
      case .yuyv, .uyvy: (width + 1) / 2 * 4
      case .rgb24, .bgr24: width * 3
      case .nv12, .nv21, .i420: (width + 1) / 2 * 2
      case .grey: width
      case .mjpeg, nil: 0
      }
    return max(bytesPerLine, least)
  }

  /// The bytes that a whole frame has. The last row needs no padding.
  var neededByteCount: Int {
    let halfRows = (height + 1) / 2
    switch code.pixelFormat {
    case .yuyv, .uyvy: return rowBytes * (height - 1) + (width + 1) / 2 * 4
    case .rgb24, .bgr24: return rowBytes * (height - 1) + width * 3
    case .grey: return rowBytes * (height - 1) + width
    case .nv12, .nv21: return rowBytes * height + rowBytes * (halfRows - 1) + (width + 1) / 2 * 2
    case .i420: return rowBytes * height + rowBytes / 2 * (halfRows * 2 - 1) + (width + 1) / 2
    // The smallest JPEG file that holds an image is longer.
    case .mjpeg: return 64
    case nil: return .max
    }
  }

  /// The view of a filled buffer, or nil where it is shorter than its format needs.
  func view(of memory: UnsafeRawBufferPointer) -> ImageView? {
    guard let pixelFormat = code.pixelFormat, memory.count >= neededByteCount, let start = memory.baseAddress else { return nil }
    let base = unsafe start.assumingMemoryBound(to: UInt8.self)
    let row = rowBytes
    let halfRows = (height + 1) / 2
    func plane(at offset: Int, bytesPerLine: Int, upTo end: Int) -> ImageView.Plane {
      unsafe ImageView.Plane(base: base + offset, byteCount: min(end, memory.count) - offset, bytesPerLine: bytesPerLine)
    }
    let planes: (ImageView.Plane, ImageView.Plane?, ImageView.Plane?)
    switch pixelFormat {
    case .nv12, .nv21:
      planes = (plane(at: 0, bytesPerLine: row, upTo: row * height), plane(at: row * height, bytesPerLine: row, upTo: memory.count), nil)
    case .i420:
      let third = row * height + row / 2 * halfRows
      planes = (
        plane(at: 0, bytesPerLine: row, upTo: row * height), plane(at: row * height, bytesPerLine: row / 2, upTo: third),
        plane(at: third, bytesPerLine: row / 2, upTo: memory.count)
      )
    default:
      planes = (plane(at: 0, bytesPerLine: row, upTo: memory.count), nil, nil)
    }
    return ImageView(format: pixelFormat, encoding: colourEncoding, width: width, height: height, planes: planes)
  }
}
