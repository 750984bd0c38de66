@testable import Capture
import Glibc
import Pipelines

/// What a scripted camera is and offers.
struct ScriptedProfile {
  var identity = VideoIdentity(driver: "script", card: "Scripted camera", bus: "test", captures: true, isMultiplanar: false, streams: true)
  var formats = [ScriptedProfile.format("YUYV", 64, 48)]
  var current = VideoFormat(code: FourCC("YUYV"), width: 64, height: 48, bytesPerLine: 128, byteCount: 64 * 48 * 2)
  var frameRate: Double? = 30
  var controls: [CameraControl] = []
  /// The errno of these calls; 0 succeeds.
  var requestError: Int32 = 0
  var startError: Int32 = 0
  var converterError: Int32 = ENOSYS
  /// The most buffers that the driver gives.
  var bufferLimit = 32
  /// Bytes before the picture in each buffer.
  var byteOffset = 0

  static func format(_ code: StaticString, _ width: Int, _ height: Int, rates: [Double] = []) -> CameraDeviceFormat {
    let size = CameraDeviceSize(
      widths: width...width, widthStep: 1, heights: height...height, heightStep: 1, frameRates: rates.map { $0...$0 })
    return CameraDeviceFormat(code: FourCC(code), description: "", sizes: [size])
  }
}

/// What happens to a scripted camera, in order.
enum ScriptedStep {
  /// A filled buffer: so many bytes (nil: a whole frame), after some time.
  case frame(_ sequence: UInt32, bytes: Int? = nil, faulty: Bool = false, after: Duration = .milliseconds(33), index: Int? = nil)
  /// The device says ready, and has nothing.
  case again
  /// Dequeuing fails; with ENODEV the device is gone.
  case fails(Int32)
  /// Polling reports an error; the device is gone.
  case pollError
  /// The device's name comes, as this camera.
  case plug(ScriptedProfile)
}

/// A system whose devices, events and clock follow a script. Used by one thread.
final class ScriptedVideo: VideoSystem, @unchecked Sendable {
  var steps: [ScriptedStep]
  var profile: ScriptedProfile?
  var openErrors: [Int32] = []
  private(set) var devices: [ScriptedDevice] = []
  private(set) var isStopped = false
  private var time = MonotonicInstant(nanoseconds: 1_000_000_000_000)

  init(_ steps: [ScriptedStep], profile: ScriptedProfile? = ScriptedProfile()) {
    self.steps = steps
    self.profile = profile
  }

  func stop() { isStopped = true }
  func now() -> MonotonicInstant { time }

  func open(_ path: String) throws(SystemFailure) -> any VideoDevice {
    if !openErrors.isEmpty { throw SystemFailure(number: openErrors.removeFirst()) }
    guard let profile else { throw SystemFailure(number: ENOENT) }
    let device = ScriptedDevice(profile, system: self)
    devices.append(device)
    return device
  }

  func waitForFrame(from device: any VideoDevice, until deadline: MonotonicInstant) -> VideoWait {
    if isStopped { return .stopped }
    guard let device = device as? ScriptedDevice else { return .failed }
    switch steps.first {
    case .frame(_, _, _, let after, _) where !device.queued.isEmpty && time.advanced(by: after) <= deadline:
      time = time.advanced(by: after)
      return .ready
    case .again, .fails:
      return .ready
    case .pollError:
      steps.removeFirst()
      profile = nil
      return .failed
    case .frame, .plug, nil:
      time = deadline
      return .timedOut
    }
  }

  func waitForDevice(at path: String, until deadline: MonotonicInstant) -> VideoWait {
    if isStopped { return .stopped }
    if case .plug(let profile) = steps.first {
      steps.removeFirst()
      self.profile = profile
      return .ready
    }
    time = deadline
    return .timedOut
  }
}

@safe final class ScriptedDevice: VideoDevice, @unchecked Sendable {
  let profile: ScriptedProfile
  private unowned let system: ScriptedVideo
  private(set) var format: VideoFormat
  private(set) var setRates: [Double] = []
  private(set) var setControls: [(id: UInt32, value: Int)] = []
  private(set) var queued: [Int] = []
  private(set) var mapped = 0
  private(set) var detached = 0
  private(set) var isStreaming = false
  private(set) var isClosed = false
  private(set) var isConverting = false
  private var bufferCount = 0
  private var memory: [Int: UnsafeMutableRawBufferPointer] = unsafe [:]

  init(_ profile: ScriptedProfile, system: ScriptedVideo) {
    self.profile = profile
    self.system = system
    format = profile.current
  }

  private func fail(_ number: Int32) throws(SystemFailure) {
    if number != 0 { throw SystemFailure(number: number) }
  }

  func identity() throws(SystemFailure) -> VideoIdentity { profile.identity }
  func formats() -> [CameraDeviceFormat] { profile.formats }
  func frameRates(of code: FourCC, width: Int, height: Int) -> [ClosedRange<Double>] {
    profile.formats.first { $0.code == code }?.sizes.first?.frameRates ?? []
  }
  func controls() -> [CameraControl] { profile.controls }
  func setControl(_ id: UInt32, to value: Int) throws(SystemFailure) { setControls.append((id, value)) }
  func currentFormat() throws(SystemFailure) -> VideoFormat { format }

  func setFormat(_ code: FourCC, width: Int, height: Int) throws(SystemFailure) -> VideoFormat {
    format = VideoFormat(code: code, width: width, height: height, bytesPerLine: 0, byteCount: 0)
    format.byteCount = format.neededByteCount
    return format
  }

  func frameRate() -> Double? { profile.frameRate }
  func setFrameRate(_ rate: Double) throws(SystemFailure) { setRates.append(rate) }
  func useConverter() throws(SystemFailure) {
    try fail(profile.converterError)
    isConverting = true
  }

  func requestBuffers(_ count: Int) throws(SystemFailure) -> Int {
    if count > 0 { try fail(profile.requestError) }
    bufferCount = min(count, profile.bufferLimit)
    return bufferCount
  }

  func map(_ index: Int) throws(SystemFailure) -> UnsafeMutableRawBufferPointer {
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: max(profile.byteOffset + format.byteCount, 64), alignment: 64)
    unsafe part.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe memory[index] = part
    mapped += 1
    return unsafe part
  }

  func unmap(_ part: UnsafeMutableRawBufferPointer) {
    unsafe part.deallocate()
    mapped -= 1
  }

  func detach(_ part: UnsafeMutableRawBufferPointer) {
    mapped -= 1
    detached += 1
  }

  func release(_ part: UnsafeMutableRawBufferPointer) {
    unsafe part.deallocate()
    detached -= 1
  }

  func start() throws(SystemFailure) {
    try fail(profile.startError)
    isStreaming = true
  }

  func stop() { isStreaming = false }

  func queue(_ index: Int) -> Int32 {
    guard !queued.contains(index), index < bufferCount else { return EINVAL }
    queued.append(index)
    return 0
  }

  func dequeue(into buffer: inout VideoBuffer) -> Int32 {
    switch system.steps.first {
    case .frame(let sequence, let bytes, let isFaulty, _, let index):
      system.steps.removeFirst()
      let given = queued.removeFirst()
      let part = unsafe memory[given]!
      unsafe part.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: sequence))
      for at in 0..<profile.byteOffset { unsafe part[at] = ~UInt8(truncatingIfNeeded: sequence) }
      buffer = VideoBuffer(
        index: index ?? given, byteOffset: profile.byteOffset, byteCount: bytes ?? format.byteCount, sequence: sequence, isFaulty: isFaulty,
        nanoseconds: system.now().nanoseconds - 1_000_000)
      return 0
    case .fails(let number):
      system.steps.removeFirst()
      if number == ENODEV { system.profile = nil }
      return number
    default:
      if case .again = system.steps.first { system.steps.removeFirst() }
      return EAGAIN
    }
  }

  func close() { isClosed = true }
}
