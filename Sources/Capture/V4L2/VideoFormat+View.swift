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
    default: isFull = colourSpace == Self.jpegColourSpace || isFullRangeByNature
    }
    return is709 ? (isFull ? .bt709Full : .bt709Limited) : (isFull ? .bt601Full : .bt601Limited)
  }

  private var isFullRangeByNature: Bool {
    switch code.pixelFormat {
    case .mjpeg, .grey, .rgb24, .bgr24: true
    default: false
    }
  }

  /// A plane of pixels: where it begins in a buffer, its bytes from row to row, and the byte behind its last row, which needs no padding.
  struct PixelPlane: Equatable {
    var offset: Int
    var bytesPerLine: Int
    var end: Int
    /// Where one that follows in the same memory begins.
    var next: Int
  }

  /// Bytes from row to row of the first plane: the driver's, or the least where it says less.
  var rowBytes: Int {
    guard let pixelFormat = code.pixelFormat, pixelFormat != .mjpeg else { return bytesPerLine }
    switch pixelFormat {
    // Rows of chroma have to fit beside odd widths, too.
    case .nv12, .nv21, .i420: return max(bytesPerLine, (width + 1) / 2 * 2)
    default: return max(bytesPerLine, pixelFormat.bytesPerRow(plane: 0, width: width) ?? 0)
    }
  }

  /// Plane `index`, behind the one before; nil where the format has none, or is MJPEG.
  private func plane(_ index: Int, behind before: PixelPlane?) -> PixelPlane? {
    guard let pixelFormat = code.pixelFormat, let row = pixelFormat.bytesPerRow(plane: index, width: width),
      let rows = pixelFormat.rowCount(plane: index, height: height)
    else { return nil }
    let offset = memoryPlanes.isEmpty ? before?.next ?? 0 : memoryPlanes[index].offset
    let line =
      if !memoryPlanes.isEmpty {
        max(memoryPlanes[index].bytesPerLine, row)
      } else if index > 0, pixelFormat == .i420 {
        rowBytes / 2
      } else {
        rowBytes
      }
    return PixelPlane(offset: offset, bytesPerLine: line, end: offset + line * (rows - 1) + row, next: offset + line * rows)
  }

  /// Where the planes lie. Nil for MJPEG, for formats that aren't read, and where the driver's memory planes are none of the format's.
  var pixelPlanes: (PixelPlane, PixelPlane?, PixelPlane?)? {
    guard memoryPlanes.count == (code.memoryPlaneCount > 1 ? code.memoryPlaneCount : 0), let first = plane(0, behind: nil) else { return nil }
    let second = plane(1, behind: first)
    return (first, second, second.flatMap { plane(2, behind: $0) })
  }

  /// The bytes that a whole frame has.
  var neededByteCount: Int {
    // The smallest JPEG file that holds an image is longer.
    if code.pixelFormat == .mjpeg { return 64 }
    guard let planes = pixelPlanes else { return .max }
    return (planes.2 ?? planes.1 ?? planes.0).end
  }

  /// The view of a filled buffer, or nil where it is shorter than its format needs.
  func view(of memory: UnsafeRawBufferPointer) -> ImageView? {
    guard let pixelFormat = code.pixelFormat, memory.count >= neededByteCount, let start = memory.baseAddress else { return nil }
    let base = unsafe start.assumingMemoryBound(to: UInt8.self)
    func view(_ planes: (ImageView.Plane, ImageView.Plane?, ImageView.Plane?)) -> ImageView {
      ImageView(format: pixelFormat, encoding: colourEncoding, balance: balance, width: width, height: height, planes: planes)
    }
    guard let planes = pixelPlanes else {
      return unsafe view((ImageView.Plane(base: base, byteCount: memory.count, bytesPerLine: bytesPerLine), nil, nil))
    }
    func part(_ plane: PixelPlane, upTo next: PixelPlane?) -> ImageView.Plane {
      let end = next?.offset ?? memory.count
      return unsafe ImageView.Plane(base: base + plane.offset, byteCount: end - plane.offset, bytesPerLine: plane.bytesPerLine)
    }
    return view((part(planes.0, upTo: planes.1), planes.1.map { part($0, upTo: planes.2) }, planes.2.map { part($0, upTo: nil) }))
  }
}
