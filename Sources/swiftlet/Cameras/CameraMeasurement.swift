import Capture
import EdgeAgent
import Pipelines

/// What a camera truly delivers, watched for a while.
struct CameraMeasurement {
  private(set) var frameCount = 0
  private(set) var format: StreamFormat?
  /// The camera's state at the end, in words.
  private(set) var state = "it gave no sign"
  private(set) var counters = CaptureCounters()
  /// From the driver's time stamp to the frame in hand.
  private(set) var latencies = LatencyHistogram()
  /// Between time stamps.
  private(set) var intervals = LatencyHistogram()
  private var first: MonotonicInstant?
  private var last: MonotonicInstant?

  /// Frames a second between the first and the last.
  var frameRate: Double? {
    guard let first, let last, frameCount > 1, first < last else { return nil }
    return Double(frameCount - 1) / (first.duration(to: last) / .seconds(1))
  }

  /// Takes the camera's frames for so long, or until it is stopped; each may go on to the desk.
  static func measure(_ camera: any CameraSource, for duration: Duration, desk: AimingDesk) -> CameraMeasurement {
    var measurement = CameraMeasurement()
    let end = MonotonicClock.now().advanced(by: duration)
    watching: while MonotonicClock.now() < end {
      // Not for too long at once: what the desk tells is to be fresh where no frame comes, too.
      switch camera.nextFrame(timeout: min(.seconds(1), MonotonicClock.now().duration(to: end))) {
      case .frame(let frame):
        measurement.add(frame)
        desk.offer(frame)
      case .stateChanged(let state): measurement.note(state)
      case .timedOut: break
      case .ended: break watching
      }
      desk.note(measurement.state, measurement.format, camera.counters)
    }
    measurement.counters = camera.counters
    return measurement
  }

  private mutating func add(_ frame: borrowing Frame) {
    frameCount += 1
    latencies.add(frame.capturedAt.duration(to: MonotonicClock.now()))
    if let last, last < frame.capturedAt { intervals.add(last.duration(to: frame.capturedAt)) }
    if first == nil { first = frame.capturedAt }
    last = frame.capturedAt
  }

  private mutating func note(_ state: CameraState) {
    switch state {
    case .streaming(let format):
      self.format = format
      self.state = "streaming"
    case .waiting(let reason): self.state = reason
    case .starting: self.state = "starting"
    case .ended: self.state = "ended"
    }
  }

  var text: String {
    guard frameCount > 0 else { return "" }
    let stream = format.map { "\($0.width)x\($0.height) \($0.pixelFormat.name)" } ?? "?"
    let rate = frameRate.map { "\(DemoTable.decimal($0, 2)) frames/s" } ?? "one frame"
    let lost = counters.missed + counters.empty + counters.short + counters.faulty + counters.overLimit + counters.unreadable
    return """
      delivered  \(stream)  \(rate)  \(frameCount) frames, \(lost) lost or unusable
      latency    p50 \(DemoTable.milliseconds(latencies.percentile(0.5))) ms  p99 \(DemoTable.milliseconds(latencies.percentile(0.99))) ms
      interval   p50 \(DemoTable.milliseconds(intervals.percentile(0.5))) ms  p99 \(DemoTable.milliseconds(intervals.percentile(0.99))) ms

      """
  }

  var json: JSON {
    func milliseconds(_ duration: Duration?) -> JSON { duration.map { .number($0 / .milliseconds(1)) } ?? .null }
    return .object([
      ("frames", .integer(frameCount)), ("frames_per_second", frameRate.map { .number($0) } ?? .null),
      ("width", format.map { .integer($0.width) } ?? .null), ("height", format.map { .integer($0.height) } ?? .null),
      ("format", format.map { .string($0.pixelFormat.name) } ?? .null), ("state", .string(state)),
      ("latency_ms_p50", milliseconds(latencies.percentile(0.5))), ("latency_ms_p99", milliseconds(latencies.percentile(0.99))),
      ("missed", .integer(Int(counters.missed))), ("short", .integer(Int(counters.short))), ("empty", .integer(Int(counters.empty))),
      ("faulty", .integer(Int(counters.faulty))),
    ])
  }
}
