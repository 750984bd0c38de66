import Tensors

/// Pixels of one image that outlive the frame they came in. One thread at a time.
public final class ImageCopy: @unchecked Sendable {
  private let memory: AlignedBytes
  private var shape: (format: PixelFormat, encoding: ColourEncoding, balance: SensorBalance, width: Int, height: Int) = (.grey, .bt601Limited, .none, 0, 0)
  /// Where each plane begins, its bytes, and the distance between its rows.
  private var planes: (Part, Part?, Part?) = (Part(), nil, nil)

  private struct Part {
    var offset = 0
    var byteCount = 0
    var bytesPerLine = 0
  }

  /// - Parameter byteCount: room for pixels.
  public init(byteCount: Int) { memory = AlignedBytes(count: byteCount) }

  /// The room that an image's pixels take.
  public static func byteCount(of view: ImageView) -> Int {
    view.planes.0.byteCount + (view.planes.1?.byteCount ?? 0) + (view.planes.2?.byteCount ?? 0)
  }

  /// Takes an image's pixels in place of those it has. Allocates nothing.
  ///
  /// - Returns: false where there is too little room; the copy is then the one before.
  public func take(_ view: ImageView) -> Bool {
    guard Self.byteCount(of: view) <= memory.count else { return false }
    shape = (view.format, view.encoding, view.balance, view.width, view.height)
    planes.0 = put(view.planes.0, at: 0)
    var end = planes.0.byteCount
    planes.1 = view.planes.1.map { put($0, at: end) }
    end += planes.1?.byteCount ?? 0
    planes.2 = view.planes.2.map { put($0, at: end) }
    return true
  }

  private func put(_ plane: ImageView.Plane, at offset: Int) -> Part {
    unsafe memory.bytes[offset..<offset + plane.byteCount].copyBytes(from: UnsafeBufferPointer(start: plane.base, count: plane.byteCount))
    return Part(offset: offset, byteCount: plane.byteCount, bytesPerLine: plane.bytesPerLine)
  }

  /// The image; valid until the next `take`, as long as this lives.
  public var view: ImageView {
    ImageView(
      format: shape.format, encoding: shape.encoding, balance: shape.balance, width: shape.width, height: shape.height,
      planes: (plane(planes.0), planes.1.map { plane($0) }, planes.2.map { plane($0) }))
  }

  private func plane(_ part: Part) -> ImageView.Plane {
    let base = unsafe memory.bytes.baseAddress!.advanced(by: part.offset).assumingMemoryBound(to: UInt8.self)
    return unsafe ImageView.Plane(base: UnsafePointer(base), byteCount: part.byteCount, bytesPerLine: part.bytesPerLine)
  }
}
