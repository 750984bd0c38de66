import Imaging
import Inspection
import ModelManifest
import ObjectDetection
import Pipelines
import Synchronization

/// A model that sees some of a pipeline's frames beside the one that runs. Its results count for nothing but the comparison.
///
/// It has room for one frame. While that is free the pipeline's newest goes into it, with what the running model found in it; while the
/// shadow looks at one the others pass. The pipeline never waits for it, and on its threads nothing is allocated and no lock is taken.
final class ShadowRun: @unchecked Sendable {
  /// What the comparison has come to.
  struct Tally: Equatable, Sendable {
    var frames = 0
    /// Over the frames.
    var agreement = 0.0
    /// Run-time indices outside their tensors.
    var faults: UInt64 = 0
    /// Frames that gave infinities or what is no number.
    var nonFiniteFrames: UInt64 = 0

    /// 1 where both always found the same.
    var meanAgreement: Double { frames > 0 ? agreement / Double(frames) : 1 }
  }

  /// Who has the room.
  private enum Owner: Int {
    case pipeline, shadow, nobody
  }

  /// More than these of one frame aren't compared.
  private static let detectionLimit = 1024

  private let processor: FrameProcessor
  private let description: PipelineDescription
  private let result: FrameResult
  /// Leaves out what counts for nothing, as it is left out of what the running model found.
  private let sieve: Inspector?
  private let frameCount: Int
  private let onFrame: @Sendable () -> Void
  private let owner = Atomic<Int>(Owner.pipeline.rawValue)
  // Of whoever `owner` says.
  private var image = ImageCopy(byteCount: 0)
  /// The room that a frame needed which the image hasn't.
  private var neededByteCount = 0
  private var found: [Detection] = []
  private var finder: PipelineDescription
  // Under the mutex, which the pipeline doesn't take.
  private let mutex = PthreadMutex()
  private let condition = PthreadCondition()
  private var current = Tally()
  private var isEnded = false
  private var thread: DataPlaneThread?

  /// Begins to wait for frames.
  ///
  /// - Parameters:
  ///   - settings: of the pipeline whose frames it gets.
  ///   - frameCount: frames after which it takes no more.
  ///   - onFrame: called on its thread after each.
  init(
    _ package: ModelPackage, _ settings: PipelineSettings, frameCount: Int, onFrame: @escaping @Sendable () -> Void
  ) throws(EdgeAgentError) {
    processor = try FrameProcessor(package, threshold: settings.threshold, threads: 1, inspection: settings.inspection)
    var sifted = InspectionSettings()
    (sifted.regions, sifted.ignored, sifted.minimumArea) = (settings.inspection.regions, settings.inspection.ignored, settings.inspection.minimumArea)
    sieve = processor.plan.map { Inspector(sifted, $0) }
    description = PipelineDescription(settings, package.manifest)
    result = FrameResult(pipeline: description, detectionLimit: processor.detectionLimit)
    finder = description
    (self.frameCount, self.onFrame) = (frameCount, onFrame)
    found.reserveCapacity(Self.detectionLimit)
    do { thread = try DataPlaneThread(name: "shadow", niceness: 19) { [weak self] in self?.run() } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
  }

  var tally: Tally { mutex.withLock { current } }

  /// Forgets what it has compared: another model runs.
  func beginAnew() { mutex.withLock { current = Tally() } }

  /// Takes no more frames; returns when its thread has ended.
  func end() {
    mutex.withLock { isEnded = true }
    condition.broadcast()
    thread?.join()
  }

  // MARK: - The pipeline's thread

  /// Takes a frame's pixels, before the running model has looked at it. What it found is to follow.
  ///
  /// - Returns: false where this frame passes.
  func offer(_ view: ImageView) -> Bool {
    guard owner.load(ordering: .acquiring) == Owner.pipeline.rawValue else {
      // Nobody waits while it works; a signal that came before it waited is made up for.
      condition.signal()
      return false
    }
    if image.take(view) { return true }
    neededByteCount = ImageCopy.byteCount(of: view)
    handOver()
    return false
  }

  /// What the running model found in the frame that was taken.
  func submit(_ result: FrameResult) {
    finder = result.pipeline
    found.removeAll(keepingCapacity: true)
    for at in 0..<min(result.detections.count, Self.detectionLimit) { found.append(result.detections[at]) }
    handOver()
  }

  private func handOver() {
    owner.store(Owner.shadow.rawValue, ordering: .releasing)
    condition.signal()
  }

  // MARK: - The shadow's thread

  private func run() {
    while waitForFrame() {
      if neededByteCount > 0 {
        // Compressed frames differ in size.
        image = ImageCopy(byteCount: neededByteCount + neededByteCount / 2)
        neededByteCount = 0
      } else {
        look()
      }
      let isEnough = tally.frames >= frameCount
      owner.store((isEnough ? Owner.nobody : .pipeline).rawValue, ordering: .releasing)
      onFrame()
    }
  }

  private func waitForFrame() -> Bool {
    mutex.withLock {
      while !isEnded, owner.load(ordering: .acquiring) != Owner.shadow.rawValue { condition.wait(with: mutex) }
      return !isEnded
    }
  }

  private func look() {
    guard processor.prepare(image.view, into: result, from: MonotonicClock.now()) == .prepared, processor.finish(into: result) else { return }
    sieve?.inspect(
      &result.detections, frame: result.frameNumber, capturedAt: result.takenAt, width: result.frameWidth, height: result.frameHeight)
    let limit = description.isClassification ? 1 : Self.detectionLimit
    let agreement = Agreement.between(found.prefix(limit), finder, result.detections.prefix(limit), description)
    let (faults, nonFiniteFrames) = (processor.faultCount, processor.nonFiniteFrameCount)
    mutex.withLock {
      current.frames += 1
      current.agreement += agreement
      (current.faults, current.nonFiniteFrames) = (faults, nonFiniteFrames)
    }
  }
}

/// How far two models agree on a frame.
enum Agreement {
  /// Least common part of two boxes that are one finding, of both together.
  private static let leastOverlap: Float = 0.5

  /// Twice what both found, over what each found: boxes of the same class name, each taken once, the best first. 1 where neither found
  /// anything.
  static func between(
    _ one: ArraySlice<Detection>, _ oneModel: PipelineDescription, _ other: ArraySlice<Detection>, _ otherModel: PipelineDescription
  ) -> Double {
    guard !one.isEmpty || !other.isEmpty else { return 1 }
    var isTaken = [Bool](repeating: false, count: other.endIndex)
    var matched = 0
    for detection in one {
      let name = oneModel.label(detection.label)
      let overlaps = other.indices.filter { !isTaken[$0] && otherModel.label(other[$0].label) == name }
        .map { (at: $0, share: detection.box.intersectionOverUnion(other[$0].box)) }
      guard let best = overlaps.max(by: { $0.share < $1.share }), best.share >= leastOverlap else { continue }
      isTaken[best.at] = true
      matched += 1
    }
    return Double(2 * matched) / Double(one.count + other.count)
  }
}
