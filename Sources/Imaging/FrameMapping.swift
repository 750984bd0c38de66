/// Where a point of the model's input lies in the frame: `frame = (input − offset) × scale` on each axis, in pixels with
/// (0, 0) at the upper left corner of the upper left pixel.
public struct FrameMapping: Equatable, Sendable {
  public var frameWidth: Int
  public var frameHeight: Int
  public var scaleX: Float
  public var scaleY: Float
  /// Input pixels at which the frame's left and upper edges lie; negative where the frame was cropped.
  public var offsetX: Float
  public var offsetY: Float

  public init(frameWidth: Int, frameHeight: Int, scaleX: Float, scaleY: Float, offsetX: Float, offsetY: Float) {
    self.frameWidth = frameWidth
    self.frameHeight = frameHeight
    self.scaleX = scaleX
    self.scaleY = scaleY
    self.offsetX = offsetX
    self.offsetY = offsetY
  }

  public func frameX(_ inputX: Float) -> Float { (inputX - offsetX) * scaleX }
  public func frameY(_ inputY: Float) -> Float { (inputY - offsetY) * scaleY }
  public func inputX(_ frameX: Float) -> Float { frameX / scaleX + offsetX }
  public func inputY(_ frameY: Float) -> Float { frameY / scaleY + offsetY }
}
