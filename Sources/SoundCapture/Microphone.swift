import Glibc
import Pipelines

/// What `Microphone.next` came back with.
public enum SoundEvent: Sendable, Equatable {
  case sound(SoundBlock)
  case stateChanged(MicrophoneState)
  case timedOut
  /// Nothing will come any more.
  case ended
}

/// Called on a capture thread each time that it goes round, at least every few seconds whatever the device does, unless a driver doesn't come back;
/// with false once it has ended. Must neither wait nor allocate.
public typealias CaptureTurn = @Sendable (_ goesOn: Bool) -> Void

/// Where sound comes from. One thread reads with `next`; everything else may be called from any.
///
/// A source never gives up by itself while its device could come back: an unplugged one is a state, not an error.
public protocol SoundSource: AnyObject, Sendable {
  var state: MicrophoneState { get }
  var counters: MicrophoneCounters { get }

  /// Waits for the next block of sound or for a change of state, whichever comes first.
  /// - Parameter samples: a block's samples take the place of what it held; its memory is kept.
  func next(into samples: inout [Float], timeout: Duration) -> SoundEvent

  /// Ends capturing for good. What was heard by then can still be read; then comes `ended`.
  func stop()

  /// Whether it was asked to stop, or has come to its end.
  var isStopping: Bool { get }
}

/// A microphone: mono sound of the wanted rate from any capture device that ALSA names (`hw:…`, `plughw:…`, `default`, a name of the
/// machine's own configuration), whatever the device itself gives.
///
/// A thread of its own fetches the sound into a ring; one thread reads with `next`, and everything else may be called from any. A device that
/// is missing, busy, asleep or unplugged is a state: the microphone waits and resumes. What was lost meanwhile is a step in the blocks'
/// positions, so that they tell the time.
public final class Microphone: SoundSource {
  /// As ALSA names it.
  public let device: String
  public let settings: MicrophoneSettings
  private let capture: MicrophoneCapture
  private let thread: DataPlaneThread

  /// Opens the device soon, and captures from then on.
  /// - Throws: where a setting is wrong, or the machine has no ALSA library or no room for another thread.
  public convenience init(
    device: String = "default", settings: MicrophoneSettings = MicrophoneSettings(), onTurn: CaptureTurn? = nil
  ) throws(SoundCaptureError) {
    try self.init(device: device, settings: settings, system: try ALSASystem(), onTurn: onTurn)
  }

  /// Replays the WAV files of a folder at the pace of the clock, a second of silence behind each: a microphone without a sound card. The files
  /// must be written alike (rate, sample format, channels).
  /// - Parameter loops: whether the first follows the last; else the microphone then ends.
  /// - Throws: where a setting is wrong, or there is no room for another thread. A folder that can't be replayed is waited for, as a device is.
  public convenience init(
    replaying folder: String, loops: Bool = true, settings: MicrophoneSettings = MicrophoneSettings(), onTurn: CaptureTurn? = nil
  ) throws(SoundCaptureError) {
    try self.init(device: "folder:\(folder)", settings: settings, system: ReplayedSounds(folder: folder, loops: loops), onTurn: onTurn)
  }

  /// - Throws: why a folder can't be replayed.
  public static func checkReplay(of folder: String) throws(SoundCaptureError) {
    do throws(SoundFailure) { _ = try ReplayedSounds.files(of: folder) } catch {
      throw SoundCaptureError(error.number == ENOENT ? .notFound : .unsupported, error.message ?? systemMessage(error.number))
    }
  }

  init(device: String, settings: MicrophoneSettings, system: any SoundSystem, onTurn: CaptureTurn? = nil) throws(SoundCaptureError) {
    try settings.validate()
    guard !device.isEmpty else { throw SoundCaptureError(.badSetting, "a microphone needs a name, such as ‘default’") }
    self.device = device
    self.settings = settings
    let capture = MicrophoneCapture(device: device, settings: settings, system: system, onTurn: onTurn)
    self.capture = capture
    do throws(PipelinesError) {
      thread = try DataPlaneThread(name: "microphone") { capture.run() }
    } catch { throw SoundCaptureError(.noResources, error.message) }
  }

  deinit {
    capture.system.stop()
    // A driver that doesn't come back must not hold up whoever lets go: the thread then ends when it can, and holds nothing but the capture.
    if capture.status.state == .ended { thread.join() }
  }

  public var state: MicrophoneState { capture.status.state }
  public var counters: MicrophoneCounters { capture.status.counters }

  /// Waits for the next block of sound or for a change of state, whichever comes first.
  /// - Parameter samples: a block's samples take the place of what it held; its memory is kept.
  public func next(into samples: inout [Float], timeout: Duration) -> SoundEvent {
    capture.next(into: &samples, timeout: timeout)
  }

  /// Ends capturing for good. What was heard by then can still be read; then comes `ended`.
  public func stop() {
    capture.system.stop()
  }

  /// Whether it was asked to stop; the end comes as soon as the device lets go.
  public var isStopping: Bool { capture.system.isStopped }

  /// - Throws: where this machine can't have microphones: there is no ALSA library.
  public static func checkSystem() throws(SoundCaptureError) { _ = try ALSASystem() }

  /// The capture devices of this machine's sound cards.
  /// - Throws: where there is no ALSA library.
  public static func devices() throws(SoundCaptureError) -> [CaptureDevice] {
    try ALSASystem().captureDevices()
  }
}

extension MicrophoneCapture {
  func next(into samples: inout [Float], timeout: Duration) -> SoundEvent {
    let deadline = MonotonicClock.now().advanced(by: timeout)
    while true {
      // The end is told behind the last sound.
      if let change = status.takeChange(), change != .ended { return .stateChanged(change) }
      if let block = ring.take(into: &samples, until: deadline) { return .sound(block) }
      if ring.isFinished { return .ended }
      if MonotonicClock.now() >= deadline { return .timedOut }
    }
  }
}
