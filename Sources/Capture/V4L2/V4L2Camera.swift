import Glibc
import Imaging
import Pipelines

extension CameraScheme {
  static let v4l2 = CameraScheme(name: "v4l2", example: "v4l2:/dev/video0") { rest, settings throws(CaptureError) in
    try V4L2Camera(path: rest, settings: settings)
  }
}

/// A Video4Linux camera, streaming through memory that the driver maps.
///
/// A device that is missing, busy or unplugged is a state; the camera waits for its name to come back and resumes, also with
/// another format.
@safe public final class V4L2Camera: CameraSource, @unchecked Sendable {
  /// So many unusable buffers in a row are a state worth telling.
  static let unusableLimit = 10
  /// Without a frame for so long, a streaming camera is told to be silent.
  static let silenceLimit = Duration.seconds(5)
  static let shortestBackOff = Duration.milliseconds(250)
  static let longestBackOff = Duration.seconds(5)
  /// No camera that we serve is faster, and no box should be asked to follow one that is.
  static let fastestRate = 240.0

  public let name: String
  let path: String
  let settings: CameraSettings
  let system: any VideoSystem
  let status = CameraStatus()

  var stream: MappedStream?
  var limiter = FrameLimiter(rate: V4L2Camera.fastestRate)
  private var nextAttempt = MonotonicInstant(nanoseconds: 0)
  private var backOff = V4L2Camera.shortestBackOff
  private var hasStreamed = false
  /// The first frame after a pause, while its change of state is told.
  private var pending: Frame?
  private var unusableInRow = 0
  private var lastFilled = MonotonicInstant(nanoseconds: 0)
  private var lastDriverSequence: UInt32?
  private var sequence: UInt64 = 0

  /// - Parameters:
  ///   - path: `/dev/video0`, or a link to such a file.
  ///   - settings: size, frame rate, format, controls, frame limit, buffer count.
  public convenience init(path: String, settings: CameraSettings = CameraSettings()) throws(CaptureError) {
    try self.init(path: path, settings: settings, system: try KernelVideo())
  }

  init(path: String, settings: CameraSettings, system: any VideoSystem) throws(CaptureError) {
    name = "v4l2:\(path)"
    guard path.hasPrefix("/") else {
      throw CaptureError(.unknownSource, "\(name): name the device by its whole path, such as v4l2:/dev/video0")
    }
    try settings.validate(for: name)
    try settings.refuseSimulationSettings(for: name)
    guard settings.loop == nil else { throw CaptureError(.badSetting, "\(name): ‘loop’ is for folders; remove it") }
    self.path = path
    self.settings = settings
    self.system = system
  }

  deinit {
    stream?.close()
  }

  public var state: CameraState { status.state }
  public var counters: CaptureCounters { status.counters }

  public func stop() {
    system.stop()
  }

  public func nextFrame(timeout: Duration) -> CaptureEvent {
    let deadline = system.now().advanced(by: timeout)
    while true {
      if system.isStopped { return end() }
      if let change = status.takeChange() { return .stateChanged(change) }
      if let frame = pending.take() { return deliver(frame) }
      if let stream {
        if let frame = awaitFrame(from: stream, until: deadline) { return deliver(frame) }
      } else {
        awaitDevice(until: deadline)
      }
      if status.hasChange || pending != nil { continue }
      if system.now() >= deadline { return system.isStopped ? end() : .timedOut }
    }
  }

  private func deliver(_ frame: consuming Frame) -> CaptureEvent {
    status.count(\.delivered)
    return .frame(frame)
  }

  private func end() -> CaptureEvent {
    pending = nil
    stream?.close()
    stream = nil
    status.enter(.ended)
    return .ended
  }

  /// Opens the device when it is time to, else waits for its name to come back.
  private func awaitDevice(until deadline: MonotonicInstant) {
    guard system.now() >= nextAttempt else {
      if system.waitForDevice(at: path, until: min(deadline, nextAttempt)) == .ready { nextAttempt = system.now() }
      return
    }
    do throws(CaptureError) {
      start(try openStream())
    } catch {
      retreat(error.message)
    }
  }

  private func start(_ stream: MappedStream) {
    self.stream = stream
    if hasStreamed { status.count(\.resumptions) }
    hasStreamed = true
    unusableInRow = 0
    lastFilled = system.now()
    lastDriverSequence = nil
    let announced = stream.frameRate ?? Self.fastestRate
    limiter = FrameLimiter(rate: min(settings.frameLimit ?? announced * 1.5, Self.fastestRate))
    status.enter(.streaming(stream.description))
  }

  /// Gives the stream up for now.
  private func retreat(_ reason: String) {
    stream?.close()
    stream = nil
    status.enter(.waiting(reason))
    nextAttempt = system.now().advanced(by: backOff)
    backOff = min(backOff * 2, Self.longestBackOff)
  }

  private func awaitFrame(from stream: MappedStream, until deadline: MonotonicInstant) -> Frame? {
    // A camera without a free buffer can't send: its silence counts from when it can again.
    if stream.isStarved { lastFilled = system.now() }
    let silence = lastFilled.advanced(by: Self.silenceLimit)
    let isTold = if case .waiting = status.state { true } else { false }
    switch system.waitForFrame(from: stream.device, until: isTold ? deadline : min(deadline, silence)) {
    case .stopped:
      return nil
    case .failed:
      retreat("\(path) was unplugged or failed; waiting for it to come back")
      return nil
    case .timedOut:
      if stream.isStarved {
        lastFilled = system.now()
      } else if system.now() >= silence && !isTold {
        status.enter(.waiting("\(path) has sent no frame for \(Self.silenceLimit.components.seconds) s; check its trigger, cable and power"))
      }
      return nil
    case .ready:
      return takeFrame(from: stream)
    }
  }

  private func takeFrame(from stream: MappedStream) -> Frame? {
    switch stream.dequeue() {
    case .nothing:
      return nil
    case .failed(let number):
      retreat(Self.lossMessage(path, number))
      return nil
    case .filled(let buffer, let filled):
      let frame = judge(buffer, filled, from: stream)
      guard let frame else { return nil }
      if case .streaming = status.state { return frame }
      // It had fallen silent or sent nothing usable; the change is told before the frame.
      status.enter(.streaming(stream.description))
      pending = consume frame
      return nil
    }
  }

  private static func lossMessage(_ path: String, _ number: Int32) -> String {
    switch number {
    case ENODEV, ENXIO: "\(path) was unplugged; waiting for it to come back"
    default: "\(path) failed while streaming (\(systemMessage(number))); trying again"
    }
  }

  /// A frame of a filled buffer, or nil where it is unusable or over the limit; then the driver has it again.
  private func judge(_ buffer: FrameBuffer, _ filled: VideoBuffer, from stream: MappedStream) -> Frame? {
    let now = system.now()
    lastFilled = now
    countGap(to: filled.sequence)
    let bytes = unsafe stream.bytes(of: buffer, filled)
    guard filled.byteCount > 0, !filled.isFaulty, let view = unsafe stream.format.view(of: bytes) else {
      stream.takeBack(buffer)
      countUnusable(filled, in: stream)
      return nil
    }
    unusableInRow = 0
    backOff = Self.shortestBackOff
    guard limiter.admits(at: now) else {
      stream.takeBack(buffer)
      status.count(\.overLimit)
      return nil
    }
    // A clock of another kind, or one that runs ahead, is replaced by the moment of arrival.
    let stamped = MonotonicInstant(nanoseconds: filled.nanoseconds)
    let capturedAt = filled.nanoseconds > 0 && stamped <= now ? stamped : now
    return Frame(view: view, sequence: sequence, capturedAt: capturedAt, buffer: buffer, owner: stream)
  }

  /// A driver that doesn't count, or begins again, has no gaps.
  private func countGap(to driverSequence: UInt32) {
    let step = lastDriverSequence.map { driverSequence &- $0 } ?? 1
    lastDriverSequence = driverSequence
    guard step > 1, step < 1 << 31 else {
      sequence += 1
      return
    }
    status.count(\.missed, by: UInt64(step - 1))
    sequence += UInt64(step)
  }

  private func countUnusable(_ filled: VideoBuffer, in stream: MappedStream) {
    let (counter, what): (WritableKeyPath<CaptureCounters, UInt64>, String) =
      if filled.byteCount == 0 {
        (\.empty, "empty buffers")
      } else if filled.isFaulty {
        (\.faulty, "buffers that it marks as faulty")
      } else {
        (\.short, "frames of \(filled.byteCount) bytes where \(stream.format.neededByteCount) are needed")
      }
    status.count(counter)
    unusableInRow += 1
    if unusableInRow == Self.unusableLimit {
      status.enter(.waiting("\(path) sends only \(what) (\(unusableInRow) in a row); check its cable, power and USB bandwidth"))
    }
  }
}
