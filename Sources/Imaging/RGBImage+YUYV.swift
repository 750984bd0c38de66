extension RGBImage {
  /// A frame as most cameras send it: YUYV, BT.601 in limited range, the image repeated from its upper left corner as often as it takes.
  /// - Precondition: `width` is even.
  /// - Returns: `2 × width × height` bytes.
  public func repeatedAsYUYV(width frameWidth: Int, height frameHeight: Int) -> [UInt8] {
    precondition(frameWidth % 2 == 0)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * frameWidth * frameHeight)
    for y in 0..<frameHeight {
      for x in stride(from: 0, to: frameWidth, by: 2) {
        let (left, right) = (components(x % width, y % height), components((x + 1) % width, y % height))
        bytes += [left.luma, Self.byte((left.blue + right.blue) / 2), right.luma, Self.byte((left.red + right.red) / 2)]
      }
    }
    return bytes
  }

  /// ITU-R BT.601: luma as a byte, the colour differences before they are rounded.
  private func components(_ x: Int, _ y: Int) -> (luma: UInt8, blue: Float, red: Float) {
    let start = 3 * (y * width + x)
    let (r, g, b) = (Float(pixels[start]), Float(pixels[start + 1]), Float(pixels[start + 2]))
    let luma = 0.299 * r + 0.587 * g + 0.114 * b
    return (Self.byte(16 + luma * 219 / 255), 128 + (b - luma) / 1.772 * 224 / 255, 128 + (r - luma) / 1.402 * 224 / 255)
  }

  private static func byte(_ value: Float) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
}
