import CALSA
import Glibc
import Pipelines

/// The real system: ALSA, by its library if this machine has it.
@safe final class ALSASystem: SoundSystem, @unchecked Sendable {
  static let libraryName = "libasound.so.2"

  private let library: OpaquePointer
  private let wake: Int32
  private let mutex = PthreadMutex()
  private var stopped = false

  /// - Parameter libraryName: to be found where the system keeps its libraries.
  init(libraryName: String = ALSASystem.libraryName) throws(SoundCaptureError) {
    var library: OpaquePointer?
    guard unsafe swl_sound_library_open(libraryName, &library) == 0, let library = unsafe library else {
      throw SoundCaptureError(.noLibrary, "a microphone needs ALSA's library \(libraryName), which this machine doesn't have; install the package libasound2")
    }
    var descriptor: Int32 = -1
    let status = unsafe swl_sound_wake_open(&descriptor)
    guard status == 0 else {
      unsafe swl_sound_library_close(library)
      throw SoundCaptureError(.noResources, "no descriptor for a microphone (\(systemMessage(-status))); raise the limit on open files")
    }
    unsafe self.library = library
    wake = descriptor
  }

  deinit {
    close(wake)
    unsafe swl_sound_library_close(library)
  }

  var isStopped: Bool {
    mutex.withLock { stopped }
  }

  func stop() {
    mutex.withLock { stopped = true }
    swl_sound_wake(wake)
  }

  func now() -> MonotonicInstant {
    MonotonicClock.now()
  }

  func slept() -> Duration { MonotonicClock.sleepingTime() }

  func open(_ name: String) throws(SoundFailure) -> any SoundDevice {
    var sound: OpaquePointer?
    let status = unsafe swl_sound_open(library, name, &sound)
    guard status == 0, let sound = unsafe sound else { throw SoundFailure(number: -status) }
    return unsafe ALSADevice(sound, of: self)
  }

  func wait(for device: (any SoundDevice)?, until deadline: MonotonicInstant) -> SoundWait {
    let nanoseconds = now().duration(to: deadline).wholeNanoseconds
    let handle = unsafe (device as? ALSADevice)?.handle
    switch unsafe swl_sound_wait(handle, wake, nanoseconds) {
    case SWL_SOUND_WOKEN: return .stopped
    case SWL_SOUND_READY: return .ready
    default: return .timedOut
    }
  }

  func captureDevices() -> [CaptureDevice] {
    var devices: [CaptureDevice] = []
    var found = swl_sound_capture_device()
    found.card = -1
    while unsafe swl_sound_next_capture_device(library, found.card, found.device, &found) == 0 {
      let (id, card, device) = (text(of: found.card_id), text(of: found.card_name), text(of: found.device_name))
      devices.append(CaptureDevice(name: "plughw:CARD=\(id),DEV=\(found.device)", title: device.isEmpty || device == card ? card : "\(card), \(device)"))
    }
    return devices
  }

  private func text<Characters>(of characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

/// An opened device. It keeps its system's library.
@safe final class ALSADevice: SoundDevice, @unchecked Sendable {
  private(set) var handle: OpaquePointer?
  private let system: ALSASystem

  init(_ handle: OpaquePointer, of system: ALSASystem) {
    unsafe self.handle = handle
    self.system = system
  }

  deinit { close() }

  func beginNegotiation() throws(SoundFailure) {
    let status = unsafe swl_sound_begin(handle)
    guard status >= 0 else { throw SoundFailure(number: -status) }
  }

  func narrow(rate: Int) -> Bool { unsafe swl_sound_narrow_rate(handle, UInt32(rate)) >= 0 }

  func narrow(nearestRate: Int) -> Int? {
    var rate: UInt32 = 0
    return unsafe swl_sound_narrow_nearest_rate(handle, UInt32(nearestRate), &rate) >= 0 ? Int(rate) : nil
  }

  func narrow(channels: Int) -> Bool { unsafe swl_sound_narrow_channels(handle, UInt32(channels)) >= 0 }

  func narrowToFewestChannels() -> Int? {
    var channels: UInt32 = 0
    return unsafe swl_sound_narrow_fewest_channels(handle, &channels) >= 0 ? Int(channels) : nil
  }

  func narrow(format: SampleFormat) -> Bool { unsafe swl_sound_narrow_format(handle, format.native) >= 0 }

  func finishNegotiation(period: Int, buffer: Int) throws(SoundFailure) -> (period: Int, buffer: Int) {
    var (gotPeriod, gotBuffer) = (0, 0)
    let status = unsafe swl_sound_finish(handle, period, buffer, &gotPeriod, &gotBuffer)
    guard status >= 0 else { throw SoundFailure(number: -status) }
    return (gotPeriod, gotBuffer)
  }

  func start() -> Int32 { -min(0, unsafe swl_sound_start(handle)) }
  func prepare() -> Int32 { -min(0, unsafe swl_sound_prepare(handle)) }
  func resume() -> Int32 { -min(0, unsafe swl_sound_resume(handle)) }
  func read(into memory: UnsafeMutableRawPointer, frames: Int) -> Int { unsafe swl_sound_read(handle, memory, frames) }
  func waitingFrames() -> Int { max(0, unsafe swl_sound_waiting(handle)) }

  func close() {
    if let handle = unsafe handle { unsafe swl_sound_close(handle) }
    unsafe handle = nil
  }
}

extension SampleFormat {
  fileprivate var native: swl_sound_format {
    switch self {
    case .u8: SWL_SOUND_U8
    case .s16: SWL_SOUND_S16
    case .s24InThreeBytes: SWL_SOUND_S24_3
    case .s24: SWL_SOUND_S24
    case .s32: SWL_SOUND_S32
    case .float32: SWL_SOUND_FLOAT
    }
  }
}

/// What the C library says about an errno.
func systemMessage(_ number: Int32) -> String {
  unsafe String(cString: strerror(number))
}
