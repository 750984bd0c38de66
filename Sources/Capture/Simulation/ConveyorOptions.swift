/// How the simulated inspection line runs.
public struct ConveyorOptions: Sendable, Equatable {
  /// The same seed gives the same line, frame by frame.
  public var seed: UInt64 = 1
  /// Pixels, 96…4096; the parts' size follows the height.
  public var width = 640
  public var height = 480
  /// Frames a second: how far the belt moves from one frame to the next follows from it. Above 0, at most 1000.
  public var frameRate = 30.0
  /// The belt's speed in pixels a second at a height of 480; it scales with the height.
  public var beltSpeed = 160.0
  /// The share of parts that have at least one defect, 0…1.
  public var defectRate = 0.4

  public init() {}

  func validate() throws(CaptureError) {
    guard (96...4096).contains(width), (96...4096).contains(height) else {
      throw CaptureError(.badSetting, "simulated:conveyor: the size \(width)x\(height) is out of range; take 96x96 to 4096x4096")
    }
    guard frameRate > 0, frameRate <= 1000 else {
      throw CaptureError(.badSetting, "simulated:conveyor: a frame rate of \(frameRate) is out of range; take one above 0 and at most 1000")
    }
    guard beltSpeed >= 0, beltSpeed <= 100_000 else {
      throw CaptureError(.badSetting, "simulated:conveyor: a belt speed of \(beltSpeed) is out of range; take 0 to 100000 pixels a second")
    }
    guard defectRate >= 0, defectRate <= 1 else {
      throw CaptureError(.badSetting, "simulated:conveyor: a defect rate of \(defectRate) is out of range; take 0 to 1")
    }
  }
}
