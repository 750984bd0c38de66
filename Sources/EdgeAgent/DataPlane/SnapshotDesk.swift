import Imaging
import Inspection
import ObjectDetection
import Outbox
import Pipelines
import Supervision
import Synchronization

/// Makes pictures of what made rules begin.
///
/// It has room for one frame. While that is free the pipeline's frames go into it before the model sees them; where a rule begins that wants a picture, the
/// desk's own thread draws what was found, writes the JPEG and hands it on. Meanwhile further pictures are missed, and counted. On the pipeline's thread nothing
/// is allocated and no lock is taken.
final class SnapshotDesk: @unchecked Sendable {
  private enum Owner: Int {
    case pipeline, desk
  }

  /// From one picture to the next at least: they are large, and mustn't crowd out what was decided.
  static let leastPause = Duration.seconds(1)
  /// More boxes aren't drawn.
  private static let boxLimit = 256

  private let rules: [RuleSettings]
  private let tell: @Sendable (SnapshotMessage) -> Void
  private let ledger: ProgressLedger
  private let progress: StageProgress
  private let owner = Atomic<Int>(Owner.pipeline.rawValue)
  private let missed = Atomic<Int>(0)
  // Of whoever `owner` says.
  private var image = ImageCopy(byteCount: 0)
  /// The room that a frame needed which the image hasn't.
  private var neededByteCount = 0
  private var boxes: [Detection] = []
  private var description: PipelineDescription?
  private var lastAt: MonotonicInstant?
  private var facts = (frame: UInt64(0), capturedAt: WallTime(microseconds: 0), rule: 0)
  // Under the mutex, which the pipeline doesn't take.
  private let mutex = PthreadMutex()
  private let condition = PthreadCondition()
  private var isEnded = false
  private var thread: DataPlaneThread?

  /// - Parameter tell: called on the desk's thread.
  init(_ pipeline: PipelineSettings, ledger: ProgressLedger, tell: @escaping @Sendable (SnapshotMessage) -> Void) {
    (rules, self.ledger, self.tell) = (pipeline.inspection.rules, ledger, tell)
    progress = ledger.stage("snapshots \(pipeline.name)")
    boxes.reserveCapacity(Self.boxLimit)
  }

  func start() throws(EdgeAgentError) {
    do throws(PipelinesError) { thread = try DataPlaneThread(name: "snapshot", niceness: 10) { [weak self] in self?.run() } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
  }

  /// Finishes the picture that is being made.
  func stop() {
    mutex.withLock { isEnded = true }
    condition.broadcast()
    thread?.join()
    ledger.remove(progress)
  }

  /// Pictures that were wanted and not made: there was no room, or the frame was damaged.
  var missedCount: Int { missed.load(ordering: .relaxed) }

  private func countMissed() { missed.add(1, ordering: .relaxed) }

  // MARK: - The pipeline's thread

  /// Takes a frame's pixels.
  /// - Returns: false where this frame passes.
  func offer(_ view: ImageView) -> Bool {
    guard owner.load(ordering: .acquiring) == Owner.pipeline.rawValue else {
      // A signal that came before the desk waited is made up for.
      condition.signal()
      return false
    }
    if image.take(view) { return true }
    neededByteCount = ImageCopy.byteCount(of: view)
    handOver()
    return false
  }

  /// Looks whether a picture of the frame is wanted.
  /// - Parameter isTaken: what `offer` said of this frame.
  func submit(_ result: FrameResult, isTaken: Bool, at now: MonotonicInstant = MonotonicClock.now()) {
    var rule = -1
    for at in 0..<result.ruleEvents.count where rule < 0 {
      let event = result.ruleEvents[at]
      if event.kind == .begin, rules[event.rule].takesSnapshot { rule = event.rule }
    }
    result.snapshotRule = -1
    guard rule >= 0 else { return }
    guard isTaken, lastAt.map({ $0.advanced(by: Self.leastPause) <= now }) ?? true else { return countMissed() }
    lastAt = now
    boxes.removeAll(keepingCapacity: true)
    for at in 0..<min(result.detections.count, Self.boxLimit) { boxes.append(result.detections[at]) }
    description = result.pipeline
    facts = (result.frameNumber, result.capturedAt, rule)
    result.snapshotRule = rule
    handOver()
  }

  private func handOver() {
    owner.store(Owner.desk.rawValue, ordering: .releasing)
    condition.signal()
  }

  // MARK: - The desk's thread

  private func run() {
    while waitForWork() {
      progress.work()
      if neededByteCount > 0 {
        // Compressed frames differ in size.
        image = ImageCopy(byteCount: neededByteCount + neededByteCount / 2)
        neededByteCount = 0
      } else {
        draw()
      }
      owner.store(Owner.pipeline.rawValue, ordering: .releasing)
      progress.wait()
    }
  }

  private func waitForWork() -> Bool {
    mutex.withLock {
      while !isEnded, owner.load(ordering: .acquiring) != Owner.desk.rawValue { condition.wait(with: mutex) }
      // What was handed over is made all the same.
      return owner.load(ordering: .acquiring) == Owner.desk.rawValue
    }
  }

  private func draw() {
    guard let description, var picture = RGBImage(image.view) else { return countMissed() }
    if !description.isClassification {
      for found in boxes {
        let caption = "\(description.label(found.label)) \(Int((found.score * 100).rounded()))%"
        let box = found.box
        picture.annotate(x: box.x, y: box.y, width: box.width, height: box.height, caption: caption, colour: .distinct(found.label))
      }
    }
    guard let jpeg = try? picture.jpeg() else { return countMissed() }
    tell(SnapshotMessage(capturedAt: facts.capturedAt, clock: .current(), frame: facts.frame, rule: rules[facts.rule].name, jpeg: jpeg))
  }
}
