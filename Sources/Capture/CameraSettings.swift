public import Imaging

/// How a camera is to be run. Every setting has a default that suits most cameras; a setting that means nothing to a source is
/// refused, except the size, which a folder's images bring themselves.
public struct CameraSettings: Sendable, Equatable {
  /// Pixels; nil takes what the device is set to (a simulated line: 640×480). A device gives the nearest it has.
  public var size: (width: Int, height: Int)?
  /// Frames a second; nil takes what the device is set to (simulated 30, a folder 10). `.infinity` replays or simulates as fast
  /// as frames are taken.
  public var frameRate: Double?
  /// The pixel format to ask a device for; nil chooses the cheapest to convert that it offers.
  public var format: PixelFormat?
  /// What makes a raw sensor's samples a picture; for devices that send such.
  public var balance: SensorBalance?
  /// Device controls by normalised name (`exposure_auto`), set at each start in the given order.
  public var controls: [(name: String, value: Int)]
  /// Whether a folder begins again after its last image.
  public var loop: Bool?
  /// The simulation's seed, and its share of faulty parts (0…1).
  public var seed: UInt64?
  public var defectRate: Double?
  /// The most frames a second that a device may deliver; what comes faster is given back unseen. Nil: one and a half times the
  /// announced rate, and never more than 240.
  public var frameLimit: Double?
  /// Buffers, 2…32: frames that may be held at once, beside those the device is filling.
  public var bufferCount: Int

  public init(
    size: (width: Int, height: Int)? = nil, frameRate: Double? = nil, format: PixelFormat? = nil, balance: SensorBalance? = nil,
    controls: [(name: String, value: Int)] = [],
    loop: Bool? = nil, seed: UInt64? = nil, defectRate: Double? = nil, frameLimit: Double? = nil, bufferCount: Int = 4
  ) {
    self.size = size
    self.frameRate = frameRate
    self.format = format
    self.balance = balance
    self.controls = controls
    self.loop = loop
    self.seed = seed
    self.defectRate = defectRate
    self.frameLimit = frameLimit
    self.bufferCount = bufferCount
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.size?.width == right.size?.width && left.size?.height == right.size?.height && left.frameRate == right.frameRate
      && left.format == right.format && left.balance == right.balance && left.controls.elementsEqual(right.controls, by: ==) && left.loop == right.loop
      && left.seed == right.seed
      && left.defectRate == right.defectRate && left.frameLimit == right.frameLimit && left.bufferCount == right.bufferCount
  }

  /// Refuses what is out of range for any source.
  func validate(for source: String) throws(CaptureError) {
    if let size, !(16...16_384).contains(size.width) || !(16...16_384).contains(size.height) {
      throw CaptureError(.badSetting, "\(source): the size \(size.width)x\(size.height) is out of range; take 16x16 to 16384x16384")
    }
    if let frameRate, !(frameRate > 0) {
      throw CaptureError(.badSetting, "\(source): a frame rate of \(frameRate) is out of range; take one above 0")
    }
    if let frameLimit, !(frameLimit > 0) {
      throw CaptureError(.badSetting, "\(source): a frame limit of \(frameLimit) is out of range; take one above 0")
    }
    guard (2...32).contains(bufferCount) else {
      throw CaptureError(.badSetting, "\(source): \(bufferCount) buffers are out of range; take 2 to 32")
    }
  }

  /// Refuses settings that mean nothing to a source that is no device.
  func refuseDeviceSettings(for source: String) throws(CaptureError) {
    guard format == nil, balance == nil, controls.isEmpty, frameLimit == nil else {
      throw CaptureError(
        .badSetting, "\(source): ‘format’, ‘black_level’, ‘white_balance’, ‘controls’ and ‘frame_limit’ are for v4l2 devices; remove them")
    }
  }

  /// Refuses settings that mean nothing but to a simulated line.
  func refuseSimulationSettings(for source: String) throws(CaptureError) {
    guard seed == nil, defectRate == nil else {
      throw CaptureError(.badSetting, "\(source): ‘seed’ and ‘defect_rate’ are for simulated:conveyor; remove them")
    }
  }
}
