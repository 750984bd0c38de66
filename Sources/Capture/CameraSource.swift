public import Imaging

/// Where frames come from. One thread calls `nextFrame`; everything else may be called from any thread.
///
/// A source never gives up by itself while its camera could come back: an unplugged device is a state, not an error.
public protocol CameraSource: AnyObject, Sendable {
  /// What stands in the configuration: `v4l2:/dev/video0`.
  var name: String { get }
  var state: CameraState { get }
  var counters: CaptureCounters { get }

  /// Waits for the next frame or for a change of state, whichever comes first. Allocates nothing in steady state and never
  /// throws.
  func nextFrame(timeout: Duration) -> CaptureEvent

  /// Ends the stream for good and wakes `nextFrame`, which then returns `ended`. Frames already given out stay valid.
  func stop()
}

/// What `nextFrame` came back with.
public enum CaptureEvent: ~Copyable, Sendable {
  case frame(Frame)
  case stateChanged(CameraState)
  case timedOut
  /// Nothing will come any more.
  case ended
}

/// What a camera is doing.
public enum CameraState: Sendable, Equatable {
  /// Not asked for a frame yet.
  case starting
  case streaming(StreamFormat)
  /// No frames for now; the reason says why and what the source waits for. It resumes by itself.
  case waiting(String)
  /// Stopped, or at the end of what there was to replay.
  case ended
}

/// What a stream's frames are.
public struct StreamFormat: Sendable, Equatable {
  public var pixelFormat: PixelFormat
  public var encoding: ColourEncoding
  /// Pixels. A folder's images may differ among each other; then these are the first one's.
  public var width: Int
  public var height: Int
  /// Frames a second as the source announced; nil where it doesn't say.
  public var frameRate: Double?

  public init(pixelFormat: PixelFormat, encoding: ColourEncoding, width: Int, height: Int, frameRate: Double?) {
    self.pixelFormat = pixelFormat
    self.encoding = encoding
    self.width = width
    self.height = height
    self.frameRate = frameRate
  }
}

/// What a source delivered and what it lost, since it was made.
public struct CaptureCounters: Sendable, Equatable {
  public var delivered: UInt64 = 0
  /// Gaps in the source's own count: the driver or the simulation had nowhere to put a frame.
  public var missed: UInt64 = 0
  /// Buffers without a single byte.
  public var empty: UInt64 = 0
  /// Buffers with fewer bytes than the format needs.
  public var short: UInt64 = 0
  /// Buffers that the driver marked as faulty.
  public var faulty: UInt64 = 0
  /// Frames given back at once because they came faster than the frame limit.
  public var overLimit: UInt64 = 0
  /// Files that vanished, couldn't be read or are no image.
  public var unreadable: UInt64 = 0
  /// How often the stream came back after it was lost.
  public var resumptions: UInt64 = 0

  public init() {}
}
