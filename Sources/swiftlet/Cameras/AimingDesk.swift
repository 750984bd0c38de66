import CPUExecution
import Capture
import Imaging
import ModelManifest
import ObjectDetection
import Pipelines
import Tensors

/// Looks closely at some of a camera's frames, on a thread of its own: figures, and a picture where somebody wants one. The camera's thread only
/// copies a frame when this one has nothing to do.
final class AimingDesk: @unchecked Sendable {
  struct Report: Sendable {
    var figures: ImageFigures?
    /// Of the last minute: a hand before the camera is soon forgotten.
    var bestFocus = 0.0
    var frameRate: Double?
    var latency: Duration?
    var format: StreamFormat?
    var state = "starting"
    var counters = CaptureCounters()
    /// What the model found, best first; nil without one.
    var found: [String]?
  }

  /// Of pictures, each at most so wide.
  private static let pictureWidth = 1280
  private static let quality = 80
  /// After this nobody seems to look any more.
  private static let demandTime = Duration.seconds(3)
  private static let pictureLife = Duration.seconds(2)
  /// Seconds whose best focus counts.
  private static let focusMemory: UInt64 = 60
  /// Frames that rate and latency are told of.
  private static let window = 60

  private let model: VisionModel<CPUBackend>?
  private let draws: Bool
  private let mutex = PthreadMutex()
  private let condition = PthreadCondition()
  // Under the mutex.
  private var report = Report()
  private var picture: [UInt8]?
  private var picturedAt = MonotonicInstant(nanoseconds: 0)
  /// The best focus of each of the last seconds.
  private var focuses: [(second: UInt64, best: Double)] = []
  private var wantedAt: MonotonicInstant?
  private var isWaiting = false
  private var isEnded = false
  private var recent: [(captured: MonotonicInstant, latency: Duration)] = []
  // The camera thread's while the desk waits, the desk's while it doesn't.
  private var copy = ImageCopy(byteCount: 0)
  private var thread: DataPlaneThread?

  /// - Parameters:
  ///   - draws: whether there are pictures, too.
  ///   - model: whose detections are drawn into them.
  init(draws: Bool, _ model: VisionModel<CPUBackend>? = nil) throws {
    (self.draws, self.model) = (draws, model)
    thread = try DataPlaneThread(name: "aiming", niceness: 5) { [self] in run() }
  }

  /// Ends its thread, after the frame that it was given last.
  func end() {
    mutex.withLock { isEnded = true }
    condition.broadcast()
    thread?.join()
  }

  var current: Report { mutex.withLock { report } }

  /// The newest picture, as a JPEG; from now on for a while there are newer ones.
  func takePicture() -> [UInt8]? {
    mutex.withLock {
      wantedAt = MonotonicClock.now()
      // Without frames there is no picture any more, whatever was seen before.
      return picturedAt.duration(to: MonotonicClock.now()) < Self.pictureLife ? picture : nil
    }
  }

  // MARK: - The camera's thread

  func offer(_ frame: borrowing Frame) {
    let now = MonotonicClock.now()
    let isFree = mutex.withLock { () -> Bool in
      recent.append((frame.capturedAt, frame.capturedAt.duration(to: now)))
      if recent.count > Self.window { recent.removeFirst() }
      return isWaiting
    }
    guard isFree else { return }
    let needed = ImageCopy.byteCount(of: frame.view)
    if !copy.take(frame.view) {
      copy = ImageCopy(byteCount: needed + needed / 2)
      guard copy.take(frame.view) else { return }
    }
    mutex.withLock { isWaiting = false }
    condition.signal()
  }

  func note(_ state: String, _ format: StreamFormat?, _ counters: CaptureCounters) {
    mutex.withLock {
      (report.state, report.format, report.counters) = (state, format, counters)
      if let first = recent.first, let last = recent.last, first.captured < last.captured {
        report.frameRate = Double(recent.count - 1) / (first.captured.duration(to: last.captured) / .seconds(1))
      }
      report.latency = recent.map(\.latency).sorted().dropFirst(recent.count / 2).first
    }
  }

  // MARK: - The desk's thread

  private func run() {
    while true {
      let hasFrame = mutex.withLock { () -> Bool in
        isWaiting = true
        while isWaiting, !isEnded { condition.wait(with: mutex) }
        return !isWaiting
      }
      guard hasFrame else { return }
      look(at: copy.view)
    }
  }

  private func look(at view: ImageView) {
    let figures = Self.grey(view).flatMap { ImageFigures(grey: $0.pixels, width: $0.width, height: $0.height) }
    let isWanted = mutex.withLock {
      // The first is there before anybody asks.
      draws && (picture == nil || wantedAt.map { $0.duration(to: MonotonicClock.now()) < Self.demandTime } ?? false)
    }
    let detections = isWanted ? find(in: view) : nil
    let jpeg = isWanted ? draw(view, detections ?? []) : nil
    mutex.withLock {
      report.figures = figures
      remember(figures?.focus ?? 0)
      if let jpeg { (picture, picturedAt) = (jpeg, MonotonicClock.now()) }
      if let model, let detections {
        report.found = detections.prefix(5).map { "\(model.manifest.label($0.label)) \(Int(($0.score * 100).rounded())) %" }
      }
    }
  }

  /// Under the mutex.
  private func remember(_ focus: Double) {
    let second = MonotonicClock.now().nanoseconds / 1_000_000_000
    if let last = focuses.last, last.second == second {
      focuses[focuses.count - 1].best = max(last.best, focus)
    } else {
      focuses.append((second, focus))
    }
    focuses.removeAll { $0.second + Self.focusMemory < second }
    report.bestFocus = focuses.map(\.best).max() ?? 0
  }

  private func find(in view: ImageView) -> [Detection]? {
    guard let model, model.prepare(view) == .prepared else { return nil }
    model.run()
    return model.decode()
  }

  private func draw(_ view: ImageView, _ detections: [Detection]) -> [UInt8]? {
    guard let (width, height) = Self.size(of: view) else { return nil }
    let shown = min(width, Self.pictureWidth)
    let scale = Float(shown) / Float(width)
    guard let pixels = Self.pixels(view, width: shown, height: max(1, Int((Float(height) * scale).rounded())), colour: .rgb) else { return nil }
    var image = RGBImage(width: shown, height: pixels.count / 3 / shown, pixels: pixels)
    if let model {
      let scaled = detections.map { detection in
        let box = detection.box
        return Detection(
          label: detection.label, score: detection.score, box: Box(x: box.x * scale, y: box.y * scale, width: box.width * scale, height: box.height * scale))
      }
      image.draw(scaled, manifest: model.manifest)
    }
    return try? image.jpeg(quality: Self.quality)
  }

  private static func grey(_ view: ImageView) -> (pixels: [UInt8], width: Int, height: Int)? {
    guard let (width, height) = size(of: view), let pixels = pixels(view, width: width, height: height, colour: .grey) else { return nil }
    return (pixels, width, height)
  }

  /// Nil where it can't be one, or is too large to look at.
  private static func size(of view: ImageView) -> (width: Int, height: Int)? {
    guard view.fault == nil, view.width > 0, view.height > 0, view.width <= 8192, view.height <= 8192 else { return nil }
    return (view.width, view.height)
  }

  private static func pixels(_ view: ImageView, width: Int, height: Int, colour: ImagePreparation.Settings.Colour) -> [UInt8]? {
    let channels = colour == .grey ? 1 : 3
    let values = [Float](repeating: 0, count: channels)
    let settings = ImagePreparation.Settings(
      width: width, height: height, colour: colour, fit: .stretch, mean: values, deviation: [Float](repeating: 1, count: channels))
    let target = ImagePreparation.Target(
      elementType: .uint8, quantisation: Tensors.Quantisation(scale: 1, zeroPoint: 0), dimensions: [1, height, width, channels])
    guard let preparation = try? ImagePreparation(settings: settings, target: target) else { return nil }
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    let outcome = unsafe pixels.withUnsafeMutableBytes { unsafe preparation.prepare(view, into: $0) }
    return outcome == .prepared ? pixels : nil
  }
}
