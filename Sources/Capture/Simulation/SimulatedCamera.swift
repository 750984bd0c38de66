import Imaging
import Pipelines

extension CameraScheme {
  static let simulated = CameraScheme(name: "simulated", example: "simulated:conveyor") { rest, settings throws(CaptureError) in
    guard rest == "conveyor" else {
      throw CaptureError(.unknownSource, "‘simulated:\(rest)’ is no simulation; the only one is simulated:conveyor")
    }
    return try SimulatedCamera(settings: settings)
  }
}

/// The simulated inspection line as a camera: it runs on the clock, and a frame that nobody fetched in time is missed, as with
/// a real one.
@safe public final class SimulatedCamera: CameraSource, @unchecked Sendable {
  public let name = "simulated:conveyor"
  private let scene: ConveyorScene
  private let format: StreamFormat
  private let pool: HeapBufferPool
  private let metronome: Metronome
  private let status = CameraStatus()
  private var frame = 0

  /// - Parameter settings: size, frame rate, seed, defect rate and buffers count.
  public init(settings: CameraSettings = CameraSettings()) throws(CaptureError) {
    try settings.refuseDeviceSettings(for: name)
    guard settings.loop == nil else { throw CaptureError(.badSetting, "\(name): ‘loop’ is for folders; remove it") }
    var options = ConveyorOptions()
    if let size = settings.size { (options.width, options.height) = (size.width, size.height) }
    if let rate = settings.frameRate, rate.isFinite { options.frameRate = rate }
    if let seed = settings.seed { options.seed = seed }
    if let defectRate = settings.defectRate { options.defectRate = defectRate }
    scene = try ConveyorScene(options: options)
    pool = HeapBufferPool(count: settings.bufferCount, byteCount: scene.frameByteCount)
    metronome = Metronome(rate: settings.frameRate ?? options.frameRate)
    format = StreamFormat(
      pixelFormat: .rgb24, encoding: .bt601Full, width: options.width, height: options.height, frameRate: settings.frameRate ?? options.frameRate)
  }

  public var state: CameraState { status.state }
  public var counters: CaptureCounters { status.counters }

  public func stop() {
    metronome.stop()
    pool.stop()
  }

  public func nextFrame(timeout: Duration) -> CaptureEvent {
    let deadline = MonotonicClock.now().advanced(by: timeout)
    if metronome.hasStopped { return end() }
    if status.state == .starting { status.enter(.streaming(format)) }
    if let change = status.takeChange() { return .stateChanged(change) }
    guard let buffer = pool.take(until: deadline) else { return metronome.hasStopped ? end() : .timedOut }
    switch metronome.wait(until: deadline) {
    case .stopped:
      pool.takeBack(buffer)
      return end()
    case .timedOut:
      pool.takeBack(buffer)
      return .timedOut
    case .now(let skipped):
      frame += Int(skipped)
      status.count(\.missed, by: skipped)
      return .frame(makeFrame(in: buffer))
    }
  }

  private func makeFrame(in buffer: FrameBuffer) -> Frame {
    let capturedAt = MonotonicClock.now()
    let pixels = unsafe pool.bytes(of: buffer, atLeast: scene.frameByteCount)
    unsafe scene.render(frame: frame, into: pixels)
    let plane = unsafe ImageView.Plane(base: UnsafePointer(pixels.baseAddress!), byteCount: scene.frameByteCount, bytesPerLine: format.width * 3)
    let view = ImageView(format: .rgb24, encoding: format.encoding, width: format.width, height: format.height, planes: (plane, nil, nil))
    let sequence = UInt64(frame)
    let truth = scene.groundTruth(frame: frame)
    frame += 1
    status.count(\.delivered)
    return Frame(view: view, sequence: sequence, capturedAt: capturedAt, groundTruth: truth, buffer: buffer, owner: pool)
  }

  private func end() -> CaptureEvent {
    status.enter(.ended)
    return .ended
  }
}
