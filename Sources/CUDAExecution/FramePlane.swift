import CImaging

/// A plane of a frame: rows of bytes, with whatever a camera's driver leaves between them, to be copied one behind the other. Empty where the
/// format has no such plane, or isn't one that the device prepares.
@safe struct FramePlane {
  private let base: UnsafePointer<UInt8>?
  private let bytesPerLine: Int
  let bytesPerRow: Int
  private let rowCount: Int

  init(_ index: Int, of source: swl_source) {
    let (width, height) = (Int(source.width), Int(source.height))
    let pair = (width + 1) / 2
    let row =
      switch (source.format, index) {
      case (SWL_PIXEL_YUYV, 0), (SWL_PIXEL_UYVY, 0): 4 * pair
      case (SWL_PIXEL_NV12, 0), (SWL_PIXEL_NV21, 0), (SWL_PIXEL_I420, 0), (SWL_PIXEL_GREY, 0): width
      case (SWL_PIXEL_NV12, 1), (SWL_PIXEL_NV21, 1): 2 * pair
      case (SWL_PIXEL_I420, 1), (SWL_PIXEL_I420, 2): pair
      case (SWL_PIXEL_RGB24, 0), (SWL_PIXEL_BGR24, 0): 3 * width
      default: 0
      }
    (bytesPerRow, rowCount) = (row, row == 0 ? 0 : index == 0 ? height : (height + 1) / 2)
    switch index {
    case 0: (unsafe base, bytesPerLine) = unsafe (source.plane.0, source.bytes_per_line.0)
    case 1: (unsafe base, bytesPerLine) = unsafe (source.plane.1, source.bytes_per_line.1)
    default: (unsafe base, bytesPerLine) = unsafe (source.plane.2, source.bytes_per_line.2)
    }
  }

  /// What it takes where it is copied to.
  var roundedByteCount: Int { (bytesPerRow * rowCount + 63) & ~63 }

  /// - Parameter offset: where it goes; then, where the next one does.
  /// - Returns: its address on the device; nil of an empty plane.
  func copy(to target: CUDASharedBytes, _ offset: inout Int) -> UnsafePointer<UInt8>? {
    guard rowCount > 0, let base = unsafe base else { return nil }
    defer { offset += roundedByteCount }
    let start = unsafe target.bytes.baseAddress! + offset
    if bytesPerLine == bytesPerRow {
      unsafe start.copyMemory(from: base, byteCount: bytesPerRow * rowCount)
    } else {
      var row = 0
      while row < rowCount {
        unsafe (start + row * bytesPerRow).copyMemory(from: base + row * bytesPerLine, byteCount: bytesPerRow)
        row += 1
      }
    }
    return unsafe UnsafePointer(bitPattern: UInt(target.address) + UInt(offset))
  }
}
