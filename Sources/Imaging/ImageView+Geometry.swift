extension PixelFormat {
  /// Bytes that a row of plane `index` holds, without the driver's padding; nil where there is no such plane or the format has
  /// no rows (MJPEG).
  public func bytesPerRow(plane index: Int, width: Int) -> Int? {
    switch (self, index) {
    case (.yuyv, 0), (.uyvy, 0): (width + 1) / 2 * 4
    case (.nv12, 0), (.nv21, 0), (.i420, 0), (.grey, 0): width
    case (.nv12, 1), (.nv21, 1): (width + 1) / 2 * 2
    case (.i420, 1), (.i420, 2): (width + 1) / 2
    case (.rgb24, 0), (.bgr24, 0): 3 * width
    case (.sensor(let samples), 0): samples.bytesPerRow(width: width)
    default: nil
    }
  }

  /// Rows of plane `index`; nil as in `bytesPerRow`.
  public func rowCount(plane index: Int, height: Int) -> Int? {
    guard bytesPerRow(plane: index, width: 1) != nil else { return nil }
    return index == 0 ? height : (height + 1) / 2
  }

  /// Bytes of a frame without padding between rows; nil for MJPEG.
  public func byteCount(width: Int, height: Int) -> Int? {
    guard self != .mjpeg else { return nil }
    var total = 0
    for plane in 0..<3 {
      guard let row = bytesPerRow(plane: plane, width: width), let rows = rowCount(plane: plane, height: height) else { break }
      total += row * rows
    }
    return total
  }
}

/// What is wrong with a view, if anything.
public enum ImageViewFault: Equatable, Sendable {
  /// Width or height is zero, negative or above `ImageBounds`, a plane is missing, or a row is shorter than its pixels.
  case impossibleGeometry
  /// A plane holds fewer bytes than its rows need.
  case shortFrame(needed: Int, got: Int)
}

extension ImageView {
  /// Checks size, planes, strides and byte counts, so that reading every pixel stays inside the planes. An MJPEG view only
  /// has to hold bytes.
  public var fault: ImageViewFault? {
    if format == .mjpeg { return planes.0.byteCount > 0 ? nil : .shortFrame(needed: 1, got: 0) }
    guard ImageBounds.allow(width: width, height: height) else { return .impossibleGeometry }
    // Colours are taken from neighbours.
    if case .sensor(let samples) = format, samples.pattern != .none, width < 2 || height < 2 { return .impossibleGeometry }
    for index in 0..<3 {
      guard let row = format.bytesPerRow(plane: index, width: width), let rows = format.rowCount(plane: index, height: height) else { break }
      guard let plane = plane(index), plane.bytesPerLine >= row, plane.bytesPerLine <= 1 << 24 else { return .impossibleGeometry }
      let needed = plane.bytesPerLine * (rows - 1) + row
      guard plane.byteCount >= needed else { return .shortFrame(needed: needed, got: plane.byteCount) }
    }
    return nil
  }

  func plane(_ index: Int) -> Plane? {
    switch index {
    case 0: planes.0
    case 1: planes.1
    default: planes.2
    }
  }

  /// A frame whose planes follow one another in one buffer, as V4L2's single-planar formats lie: Y rows of `bytesPerLine`,
  /// then chroma (rows of `bytesPerLine` for NV12 and NV21, of half of it for I420).
  public init(
    format: PixelFormat, encoding: ColourEncoding = .bt601Limited, balance: SensorBalance = .none, width: Int, height: Int, bytesPerLine: Int,
    bytes: UnsafeRawBufferPointer
  ) {
    let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let base = unsafe base else {
      let nothing = unsafe Plane(base: UnsafePointer(bitPattern: 1)!, byteCount: 0, bytesPerLine: bytesPerLine)
      self.init(format: format, encoding: encoding, balance: balance, width: width, height: height, planes: (nothing, nil, nil))
      return
    }
    func part(from offset: Int, bytesPerLine: Int) -> Plane {
      let start = min(max(offset, 0), bytes.count)
      return unsafe Plane(base: base + start, byteCount: bytes.count - start, bytesPerLine: bytesPerLine)
    }
    let rows = max(0, min(height, ImageBounds.maximumSide))
    let line = max(0, min(bytesPerLine, 1 << 24))
    let luma = rows * line
    let first = part(from: 0, bytesPerLine: bytesPerLine)
    switch format {
    case .nv12, .nv21:
      self.init(
        format: format, encoding: encoding, width: width, height: height, planes: (first, part(from: luma, bytesPerLine: bytesPerLine), nil))
    case .i420:
      let half = (line + 1) / 2
      let second = part(from: luma, bytesPerLine: half)
      let third = part(from: luma + half * ((rows + 1) / 2), bytesPerLine: half)
      self.init(format: format, encoding: encoding, width: width, height: height, planes: (first, second, third))
    default:
      self.init(format: format, encoding: encoding, balance: balance, width: width, height: height, planes: (first, nil, nil))
    }
  }
}
