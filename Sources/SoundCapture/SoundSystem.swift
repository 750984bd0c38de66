import Pipelines

/// A failed call of the sound system.
struct SoundFailure: Error, Equatable {
  /// A positive `errno`.
  let number: Int32
  /// What was wrong, for a person; nil where the number says it.
  var message: String?
}

enum SoundWait: Equatable {
  /// A read tells something new, good or bad.
  case ready
  case timedOut
  case stopped
}

/// An opened capture device. One thread uses it.
protocol SoundDevice: AnyObject, Sendable {
  /// Makes everything possible that the device offers. What follows leaves less of it, or, where it can't, everything as it was.
  func beginNegotiation() throws(SoundFailure)
  func narrow(rate: Int) -> Bool
  /// - Returns: the rate that it came to.
  func narrow(nearestRate: Int) -> Int?
  func narrow(channels: Int) -> Bool
  /// - Returns: how many.
  func narrowToFewestChannels() -> Int?
  func narrow(format: SampleFormat) -> Bool
  /// Sets what is left; the device can then start.
  /// - Parameters: frames that are wanted from wake-up to wake-up, and kept at most.
  /// - Returns: what they are.
  func finishNegotiation(period: Int, buffer: Int) throws(SoundFailure) -> (period: Int, buffer: Int)

  /// - Returns: 0 or an errno, as the next two.
  func start() -> Int32
  func prepare() -> Int32
  /// After a suspension; EAGAIN while it lasts.
  func resume() -> Int32
  /// - Returns: frames read; 0 where none is there; a negative errno: EPIPE after an overrun, ESTRPIPE while suspended.
  func read(into memory: UnsafeMutableRawPointer, frames: Int) -> Int
  /// Frames that it holds.
  func waitingFrames() -> Int
  func close()
}

/// The system as a microphone sees it: devices, waiting and the clock. Tests bring their own.
protocol SoundSystem: AnyObject, Sendable {
  var isStopped: Bool { get }
  /// Ends all waiting, now and later; from any thread.
  func stop()
  func now() -> MonotonicInstant
  /// How long the machine has slept by now, which `now` doesn't count.
  func slept() -> Duration
  func open(_ name: String) throws(SoundFailure) -> any SoundDevice
  /// Nil: for nothing but the deadline and the stop.
  func wait(for device: (any SoundDevice)?, until deadline: MonotonicInstant) -> SoundWait
  func captureDevices() -> [CaptureDevice]
}

/// A capture device of this machine.
public struct CaptureDevice: Sendable, Equatable, CustomStringConvertible {
  /// By which it is opened, whatever order the cards come in: `plughw:CARD=Webcam,DEV=0`.
  public var name: String
  /// The card's and the device's own names.
  public var title: String

  public init(name: String, title: String) {
    self.name = name
    self.title = title
  }

  public var description: String { "\(name) (\(title))" }
}
