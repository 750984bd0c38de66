extension ImagePreparation {
  /// Where a frame of one size comes to lie in the tensor.
  struct Geometry: Equatable {
    /// The frame after resizing.
    var resizedWidth: Int
    var resizedHeight: Int
    /// The rectangle of the tensor that pixels fill.
    var contentX: Int
    var contentY: Int
    var contentWidth: Int
    var contentHeight: Int
    /// The resized frame's columns and rows cut off at the left and the top.
    var cutX: Int
    var cutY: Int
    var mapping: FrameMapping

    /// Letterbox: the scale that fits both sides, each resized side rounded down (as YOLOX does), at least one pixel. Crop: the
    /// scale that fills both sides, rounded to nearest, the surplus cut around the centre.
    init(frameWidth: Int, frameHeight: Int, settings: Settings) {
      let width = settings.width
      let height = settings.height
      let horizontal = Double(width) / Double(frameWidth)
      let vertical = Double(height) / Double(frameHeight)
      switch settings.fit {
      case .stretch:
        resizedWidth = width
        resizedHeight = height
      case .letterbox:
        let scale = min(horizontal, vertical)
        // The small term keeps a side that fits exactly from losing a pixel to the rounding of the division.
        resizedWidth = min(width, max(1, Int(Double(frameWidth) * scale + 1e-6)))
        resizedHeight = min(height, max(1, Int(Double(frameHeight) * scale + 1e-6)))
      case .crop:
        let scale = max(horizontal, vertical)
        resizedWidth = max(width, Int((Double(frameWidth) * scale).rounded()))
        resizedHeight = max(height, Int((Double(frameHeight) * scale).rounded()))
      }
      contentWidth = min(width, resizedWidth)
      contentHeight = min(height, resizedHeight)
      cutX = (resizedWidth - contentWidth) / 2
      cutY = (resizedHeight - contentHeight) / 2
      contentX = settings.anchor == .centre ? (width - contentWidth) / 2 : 0
      contentY = settings.anchor == .centre ? (height - contentHeight) / 2 : 0
      mapping = FrameMapping(
        frameWidth: frameWidth, frameHeight: frameHeight, scaleX: Float(frameWidth) / Float(resizedWidth), scaleY: Float(frameHeight) / Float(resizedHeight),
        offsetX: Float(contentX - cutX), offsetY: Float(contentY - cutY))
    }
  }

  /// Bilinear positions along one axis, pixel centres at halves (OpenCV's INTER_LINEAR): for each of `count` resized pixels from
  /// `start` on, the first of two neighbouring source pixels and the second's weight of 2048. Edges repeat.
  static func fillAxis(
    first: UnsafeMutableBufferPointer<Int32>, weight: UnsafeMutableBufferPointer<Int16>, start: Int, source: Int, resized: Int
  ) {
    let scale = Double(source) / Double(resized)
    for index in 0..<first.count {
      let position = (Double(start + index) + 0.5) * scale - 0.5
      let left = Int(position.rounded(.down))
      if left < 0 {
        unsafe first[index] = 0
        unsafe weight[index] = 0
      } else if left >= source - 1 {
        unsafe first[index] = Int32(source - 1)
        unsafe weight[index] = 0
      } else {
        unsafe first[index] = Int32(left)
        unsafe weight[index] = Int16(((position - Double(left)) * 2048).rounded())
      }
    }
  }
}
