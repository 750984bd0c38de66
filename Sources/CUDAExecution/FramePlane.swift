import CImaging

/// A plane of a frame, of which chosen rows are copied one behind the other. Empty where the format has no such plane, where it isn't needed, or where the
/// device doesn't prepare the format.
@safe struct FramePlane {
  private let base: UnsafePointer<UInt8>?
  private let bytesPerLine: Int
  let bytesPerRow: Int
  private let isOfChroma: Bool
  private let rowCount: Int

  /// - Parameter isGrey: whether only luminance is wanted.
  init(_ index: Int, of source: swl_source, _ rows: borrowing FrameRows, isGrey: Bool) {
    let width = Int(source.width)
    let pair = (width + 1) / 2
    let row =
      switch (source.format, index) {
      case (SWL_PIXEL_YUYV, 0), (SWL_PIXEL_UYVY, 0): 4 * pair
      case (SWL_PIXEL_NV12, 0), (SWL_PIXEL_NV21, 0), (SWL_PIXEL_I420, 0), (SWL_PIXEL_GREY, 0): width
      case (SWL_PIXEL_NV12, 1), (SWL_PIXEL_NV21, 1): isGrey ? 0 : 2 * pair
      case (SWL_PIXEL_I420, 1), (SWL_PIXEL_I420, 2): isGrey ? 0 : pair
      case (SWL_PIXEL_RGB24, 0), (SWL_PIXEL_BGR24, 0): 3 * width
      default: 0
      }
    isOfChroma = index > 0
    (bytesPerRow, rowCount) = (row, row == 0 ? 0 : isOfChroma ? rows.chromaCount : rows.count)
    switch index {
    case 0: (unsafe base, bytesPerLine) = unsafe (source.plane.0, source.bytes_per_line.0)
    case 1: (unsafe base, bytesPerLine) = unsafe (source.plane.1, source.bytes_per_line.1)
    default: (unsafe base, bytesPerLine) = unsafe (source.plane.2, source.bytes_per_line.2)
    }
  }

  /// What it takes where it is copied to.
  var roundedByteCount: Int { (bytesPerRow * rowCount + 63) & ~63 }

  /// What all planes together take at most, whatever the format.
  /// - Parameter tensorHeight: rows of the tensor.
  static func mostBytes(width: Int, height: Int, tensorHeight: Int) -> Int {
    // Three bytes a pixel; formats whose pixels share chroma take a pair at a time.
    (3 * width + 4) * min(height, FrameRows.most(height: tensorHeight)) + 3 * 64
  }

  /// - Parameter offset: where it goes; then, where the next one does.
  /// - Returns: its address on the device; nil of an empty plane.
  func copy(_ rows: borrowing FrameRows, to target: CUDASharedBytes, _ offset: inout Int) -> UnsafePointer<UInt8>? {
    guard rowCount > 0, let base = unsafe base else { return nil }
    defer { offset += roundedByteCount }
    var place = unsafe target.bytes.baseAddress! + offset
    let numbers = unsafe isOfChroma ? rows.chromaNumbers : rows.numbers
    var row = 0
    while row < rowCount {
      unsafe place.copyMemory(from: base + Int(numbers[row]) * bytesPerLine, byteCount: bytesPerRow)
      unsafe place += bytesPerRow
      row += 1
    }
    return unsafe UnsafePointer(bitPattern: UInt(target.address) + UInt(offset))
  }
}
