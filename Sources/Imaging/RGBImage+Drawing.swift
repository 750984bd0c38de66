extension RGBImage.Colour {
  public static let white = RGBImage.Colour(red: 255, green: 255, blue: 255)
  public static let black = RGBImage.Colour(red: 0, green: 0, blue: 0)

  /// Colours that tell neighbouring class indices apart: hues a golden section apart, all equally bright.
  public static func distinct(_ index: Int) -> RGBImage.Colour {
    let turn = (Double(index) * 0.618_033_988_75).truncatingRemainder(dividingBy: 1) * 6
    let rising = UInt8(60 + 195 * turn.truncatingRemainder(dividingBy: 1))
    let falling = UInt8(60 + 195 * (1 - turn.truncatingRemainder(dividingBy: 1)))
    switch Int(turn) {
    case 0: return RGBImage.Colour(red: 255, green: rising, blue: 60)
    case 1: return RGBImage.Colour(red: falling, green: 255, blue: 60)
    case 2: return RGBImage.Colour(red: 60, green: 255, blue: rising)
    case 3: return RGBImage.Colour(red: 60, green: falling, blue: 255)
    case 4: return RGBImage.Colour(red: rising, green: 60, blue: 255)
    default: return RGBImage.Colour(red: 255, green: 60, blue: falling)
    }
  }

  /// Black or white, whichever is easier to read on this colour.
  var contrast: RGBImage.Colour {
    299 * Int(red) + 587 * Int(green) + 114 * Int(blue) > 140_000 ? .black : .white
  }
}

extension RGBImage {
  /// Fills a rectangle; what lies outside the image is left out.
  public mutating func fill(x: Int, y: Int, width: Int, height: Int, colour: Colour) {
    let left = min(max(x, 0), self.width)
    let right = min(max(x.clampedSum(width), left), self.width)
    let top = min(max(y, 0), self.height)
    let bottom = min(max(y.clampedSum(height), top), self.height)
    for row in top..<bottom {
      for column in left..<right { self[column, row] = colour }
    }
  }

  /// Draws a frame along the inside of a rectangle given in pixels; it may reach out of the image.
  public mutating func drawBox(x: Float, y: Float, width: Float, height: Float, colour: Colour, thickness: Int = 2) {
    let left = Int(clamping: x)
    let top = Int(clamping: y)
    let across = max(1, Int(clamping: x + width) - left)
    let down = max(1, Int(clamping: y + height) - top)
    fill(x: left, y: top, width: across, height: min(thickness, down), colour: colour)
    fill(x: left, y: top + max(0, down - thickness), width: across, height: min(thickness, down), colour: colour)
    fill(x: left, y: top, width: min(thickness, across), height: down, colour: colour)
    fill(x: left + max(0, across - thickness), y: top, width: min(thickness, across), height: down, colour: colour)
  }

  /// Pixels that a text takes.
  public static func textSize(_ text: String, scale: Int = 1) -> (width: Int, height: Int) {
    (max(0, text.count * (BitmapFont.glyphWidth + 1) - 1) * scale, BitmapFont.glyphHeight * scale)
  }

  /// Writes a line of ASCII with its upper left corner at a place; other characters become hollow boxes.
  /// - Parameter scale: pixels of a dot.
  public mutating func drawText(_ text: String, x: Int, y: Int, colour: Colour, scale: Int = 1) {
    for (position, character) in text.enumerated() {
      let start = x + position * (BitmapFont.glyphWidth + 1) * scale
      guard start < width else { return }
      for (column, bits) in BitmapFont.columns(of: character).enumerated() {
        for row in 0..<BitmapFont.glyphHeight where bits & 1 << UInt8(row) != 0 {
          fill(x: start + column * scale, y: y + row * scale, width: scale, height: scale, colour: colour)
        }
      }
    }
  }

  /// Draws a box with a caption on a bar of the same colour: above the box, or inside it where there is no room.
  public mutating func annotate(x: Float, y: Float, width: Float, height: Float, caption: String, colour: Colour) {
    let scale = max(1, min(self.width, self.height) / 320)
    drawBox(x: x, y: y, width: width, height: height, colour: colour, thickness: 2 * scale)
    guard !caption.isEmpty else { return }
    let size = Self.textSize(caption, scale: scale)
    let bar = (width: size.width + 4 * scale, height: size.height + 4 * scale)
    let left = max(0, min(Int(clamping: x), self.width - bar.width))
    let above = Int(clamping: y) - bar.height
    let top = above >= 0 ? above : max(0, Int(clamping: y))
    fill(x: left, y: top, width: bar.width, height: bar.height, colour: colour)
    drawText(caption, x: left + 2 * scale, y: top + 2 * scale, colour: colour.contrast, scale: scale)
  }
}

extension Int {
  /// The nearest pixel position within ±1 million; 0 for what is no number.
  fileprivate init(clamping value: Float) {
    self = value.isNaN ? 0 : Int(Swift.min(Swift.max(value, -1e6), 1e6).rounded())
  }

  fileprivate func clampedSum(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other > 0 ? .max : .min) : sum
  }
}
