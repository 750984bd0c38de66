import Imaging
import Pipelines

/// A failed system call.
struct SystemFailure: Error, Equatable {
  /// A positive `errno`.
  let number: Int32
}

struct VideoIdentity: Equatable {
  var driver: String
  var card: String
  var bus: String
  var captures: Bool
  var isMultiplanar: Bool
  var streams: Bool
}

/// What the driver set, or was set to.
struct VideoFormat: Equatable, Sendable {
  var code: FourCC
  var width: Int
  var height: Int
  var bytesPerLine: Int
  var byteCount: Int
  /// V4L2's numbers for colour space, Y'CbCr encoding and quantisation.
  var colourSpace: UInt32 = 0
  var encoding: UInt32 = 0
  var quantisation: UInt32 = 0
  /// Planes that lie in memory apart: where each begins in a buffer, and its bytes from row to row. Empty where all lie in one.
  var memoryPlanes: [MemoryPlane] = []
  /// Of raw samples; the camera's settings say it, not the driver.
  var balance = SensorBalance.none

  struct MemoryPlane: Equatable, Sendable {
    var offset: Int
    var bytesPerLine: Int
  }
}

/// A filled buffer.
struct VideoBuffer: Equatable {
  var index = 0
  /// What stands before the picture.
  var byteOffset = 0
  /// The picture's own.
  var byteCount = 0
  var sequence: UInt32 = 0
  var isFaulty = false
  /// The driver's monotonic timestamp; 0 where it has none.
  var nanoseconds: UInt64 = 0
}

/// An opened camera device. One thread uses it; only `queue` is called from others meanwhile.
protocol VideoDevice: AnyObject, Sendable {
  func identity() throws(SystemFailure) -> VideoIdentity
  func formats() -> [CameraDeviceFormat]
  /// Frames a second at one size.
  func frameRates(of code: FourCC, width: Int, height: Int) -> [ClosedRange<Double>]
  func controls() -> [CameraControl]
  func setControl(_ id: UInt32, to value: Int) throws(SystemFailure)

  func currentFormat() throws(SystemFailure) -> VideoFormat
  func setFormat(_ code: FourCC, width: Int, height: Int) throws(SystemFailure) -> VideoFormat
  /// Frames a second as set; nil where the device doesn't say.
  func frameRate() -> Double?
  func setFrameRate(_ rate: Double) throws(SystemFailure)
  /// Lets libv4l convert from now on.
  func useConverter() throws(SystemFailure)

  /// - Returns: how many the driver gave; zero frees all.
  func requestBuffers(_ count: Int) throws(SystemFailure) -> Int
  func map(_ index: Int) throws(SystemFailure) -> UnsafeMutableRawBufferPointer
  func unmap(_ memory: UnsafeMutableRawBufferPointer)
  /// Makes mapped memory independent of the device, its bytes unchanged. It outlives `close` and ends by `release`.
  func detach(_ memory: UnsafeMutableRawBufferPointer)
  func release(_ memory: UnsafeMutableRawBufferPointer)
  func start() throws(SystemFailure)
  func stop()
  /// - Returns: 0 or an errno.
  func queue(_ index: Int) -> Int32
  /// - Returns: 0, EAGAIN where nothing is filled yet, or another errno.
  func dequeue(into buffer: inout VideoBuffer) -> Int32
  func close()
}

enum VideoWait: Equatable {
  /// A frame is there, or the folder of devices changed.
  case ready
  /// The device reports an error: most often it is gone.
  case failed
  case timedOut
  case stopped
}

/// The system as a camera sees it: devices, waiting and the clock. Tests bring their own.
protocol VideoSystem: AnyObject, Sendable {
  var isStopped: Bool { get }
  /// Ends all waiting, now and later; from any thread.
  func stop()
  func now() -> MonotonicInstant
  func open(_ path: String) throws(SystemFailure) -> any VideoDevice
  func waitForFrame(from device: any VideoDevice, until deadline: MonotonicInstant) -> VideoWait
  /// Waits until something may have changed about the device's name.
  func waitForDevice(at path: String, until deadline: MonotonicInstant) -> VideoWait
}
