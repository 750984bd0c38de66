/// A rectangle of whole pixels.
public struct PixelRectangle: Equatable, Sendable {
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }
}

extension ImageView {
  /// The part of the image that holds `rectangle`, made larger by a few pixels where the format keeps several pixels together, and cut at the image's
  /// edges: a view of the same memory.
  ///
  /// - Returns: the view, and where its upper left pixel lies in this image; nil for MJPEG, whose pixels lie nowhere yet, for a view with a fault, and
  ///   where nothing of the rectangle lies inside.
  public func cropped(to rectangle: PixelRectangle) -> (view: ImageView, x: Int, y: Int)? {
    guard format != .mjpeg, fault == nil else { return nil }
    let step = format.pixelsTogether
    let left = max(rectangle.x, 0) / step * step
    let top = max(rectangle.y, 0) / 2 * 2
    let (farX, isTooWide) = rectangle.x.addingReportingOverflow(rectangle.width)
    let (farY, isTooHigh) = rectangle.y.addingReportingOverflow(rectangle.height)
    let right = min(isTooWide ? width : (min(farX, width) + step - 1) / step * step, width)
    let bottom = min(isTooHigh ? height : (min(farY, height) + 1) / 2 * 2, height)
    guard rectangle.width > 0, rectangle.height > 0, right > left, bottom > top else { return nil }
    let planes = (
      part(planes.0, left, top), planes.1.map { part($0, left, top, index: 1) }, planes.2.map { part($0, left, top, index: 2) }
    )
    let view = ImageView(format: format, encoding: encoding, balance: balance, width: right - left, height: bottom - top, planes: planes)
    return view.fault == nil ? (view, left, top) : nil
  }

  private func part(_ plane: Plane, _ left: Int, _ top: Int, index: Int = 0) -> Plane {
    let columns = format.bytesPerRow(plane: index, width: left) ?? 0
    let offset = (index == 0 ? top : top / 2) * plane.bytesPerLine + columns
    return unsafe Plane(base: plane.base + offset, byteCount: plane.byteCount - offset, bytesPerLine: plane.bytesPerLine)
  }
}

extension PixelFormat {
  /// Columns that share bytes or stand under one group of filters.
  fileprivate var pixelsTogether: Int {
    if case .sensor(let samples) = self, samples.packing == .csi2 { return 4 }
    return 2
  }
}
