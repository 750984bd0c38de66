/// Borrowed pixels: a view of a frame or an image that someone else owns and keeps alive while the view is used.
///
/// Reading goes through this module's functions, which check the view's geometry against `byteCount` of each plane before
/// they read, so a driver's short frame is an error and never a wild read.
@safe public struct ImageView {
  /// One plane: its first byte, the bytes that may be read, and the distance between rows in bytes.
  @safe public struct Plane {
    public let base: UnsafePointer<UInt8>
    public let byteCount: Int
    public let bytesPerLine: Int

    public init(base: UnsafePointer<UInt8>, byteCount: Int, bytesPerLine: Int) {
      unsafe self.base = base
      self.byteCount = byteCount
      self.bytesPerLine = bytesPerLine
    }
  }

  public let format: PixelFormat
  public let encoding: ColourEncoding
  /// Of raw samples
  public let balance: SensorBalance
  /// Pixels; for `mjpeg` what the driver announced, the file's own header decides.
  public let width: Int
  public let height: Int
  /// One plane for packed formats, sensors, GREY and MJPEG (its `byteCount` is the file's); NV12 and NV21 two, I420 three. Planes may
  /// be parts of one buffer.
  public let planes: (Plane, Plane?, Plane?)

  public init(
    format: PixelFormat, encoding: ColourEncoding = .bt601Limited, balance: SensorBalance = .none, width: Int, height: Int, planes: (Plane, Plane?, Plane?)
  ) {
    self.format = format
    self.balance = balance
    self.encoding = encoding
    self.width = width
    self.height = height
    self.planes = planes
  }
}
