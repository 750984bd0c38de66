/// An image that owns its pixels: RGB24, rows without padding. A value; copies share memory until one changes.
public struct RGBImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `3 × width × height` bytes, red, green, blue.
  public internal(set) var pixels: [UInt8]

  /// - Precondition: `ImageBounds` allow the size, and `pixels` has exactly its bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(ImageBounds.allow(width: width, height: height) && pixels.count == 3 * width * height)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// An image of one colour.
  public init(width: Int, height: Int, filledWith colour: Colour = Colour(red: 0, green: 0, blue: 0)) {
    precondition(ImageBounds.allow(width: width, height: height))
    var pixels = [UInt8](repeating: colour.red, count: 3 * width * height)
    if colour.green != colour.red || colour.blue != colour.red {
      for pixel in 0..<(width * height) {
        pixels[3 * pixel + 1] = colour.green
        pixels[3 * pixel + 2] = colour.blue
      }
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// A colour of 8 bits a channel.
  public struct Colour: Sendable, Equatable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }
  }

  /// Red, green and blue at a place. Writing outside the image changes nothing.
  /// - Precondition: reading stays inside the image.
  public subscript(x: Int, y: Int) -> Colour {
    get {
      precondition(x >= 0 && y >= 0 && x < width && y < height)
      let at = 3 * (y * width + x)
      return Colour(red: pixels[at], green: pixels[at + 1], blue: pixels[at + 2])
    }
    set {
      guard x >= 0, y >= 0, x < width, y < height else { return }
      let at = 3 * (y * width + x)
      pixels[at] = newValue.red
      pixels[at + 1] = newValue.green
      pixels[at + 2] = newValue.blue
    }
  }

  /// Lends the pixels as a view, valid only inside `body`.
  public func withView<Result, Failure: Error>(_ body: (ImageView) throws(Failure) -> Result) throws(Failure) -> Result {
    try unsafe pixels.withUnsafeBufferPointer { (bytes) throws(Failure) -> Result in
      let plane = unsafe ImageView.Plane(base: bytes.baseAddress!, byteCount: bytes.count, bytesPerLine: 3 * width)
      return try body(ImageView(format: .rgb24, encoding: .bt601Full, width: width, height: height, planes: (plane, nil, nil)))
    }
  }
}
