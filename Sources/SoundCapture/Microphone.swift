import Pipelines

/// What `Microphone.next` came back with.
public enum SoundEvent: Sendable, Equatable {
  case sound(SoundBlock)
  case stateChanged(MicrophoneState)
  case timedOut
  /// Nothing will come any more.
  case ended
}

/// A microphone: mono sound of the wanted rate from any capture device that ALSA names (`hw:…`, `plughw:…`, `default`, a name of the
/// machine's own configuration), whatever the device itself gives.
///
/// A thread of its own fetches the sound into a ring; one thread reads with `next`, and everything else may be called from any. A device that
/// is missing, busy, asleep or unplugged is a state: the microphone waits and resumes. What was lost meanwhile is a step in the blocks'
/// positions, so that they tell the time.
public final class Microphone: Sendable {
  /// As ALSA names it.
  public let device: String
  public let settings: MicrophoneSettings
  private let capture: MicrophoneCapture
  private let thread: DataPlaneThread

  /// Opens the device soon, and captures from then on.
  /// - Throws: where a setting is wrong, or the machine has no ALSA library or no room for another thread.
  public convenience init(device: String = "default", settings: MicrophoneSettings = MicrophoneSettings()) throws(SoundCaptureError) {
    try self.init(device: device, settings: settings, system: try ALSASystem())
  }

  init(device: String, settings: MicrophoneSettings, system: any SoundSystem) throws(SoundCaptureError) {
    try settings.validate()
    guard !device.isEmpty else { throw SoundCaptureError(.badSetting, "a microphone needs a name, such as ‘default’") }
    self.device = device
    self.settings = settings
    let capture = MicrophoneCapture(device: device, settings: settings, system: system)
    self.capture = capture
    do throws(PipelinesError) {
      thread = try DataPlaneThread(name: "microphone") { capture.run() }
    } catch { throw SoundCaptureError(.noResources, error.message) }
  }

  deinit {
    capture.system.stop()
    thread.join()
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
