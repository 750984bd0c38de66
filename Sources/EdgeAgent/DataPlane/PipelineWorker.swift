import Capture
import Imaging
import ObjectDetection
import Pipelines
import Supervision

/// The thread that runs a pipeline's model: newest frame in, result out.
final class PipelineWorker: @unchecked Sendable {
  /// Results that may wait to be recorded.
  static let resultCount = 16

  var name: String { settings.name }
  var camera: String { settings.camera }
  /// Changes with the model.
  var description: PipelineDescription { mutex.withLock { shared.description } }
  let statistics = PipelineStatistics()
  let mailbox = Mailbox<Frame>()
  let settings: PipelineSettings
  private let mutex = PthreadMutex()
  private var shared: Shared
  /// Look at its frames where it found something, on its thread.
  let followers: [PipelineWorker]
  private let turns: ProcessorTurns
  // The worker thread's own; of one that follows, its leader's thread's.
  private(set) var processor: FrameProcessor
  private var shadow: ShadowRun?
  private let scene: SceneSignature?
  private var lookedAt = MonotonicInstant(nanoseconds: 0)
  /// What was found last, and in which size of frame.
  private var lastFound: (detections: [Detection], width: Int, height: Int) = ([], 0, 0)
  var followed = FollowedFrame()
  private let frameCount: Int?
  private let results: BoundedQueue<FrameResult>
  private let unused: BoundedQueue<FrameResult>
  private let progress: StageProgress
  private let ledger: ProgressLedger
  private let log: AgentLog
  private let onEnd: @Sendable (PipelineWorker) -> Void
  private var thread: DataPlaneThread?

  /// - Parameters:
  ///   - turns: the processors that it shares with other pipelines; all by itself where not given.
  ///   - results: takes filled results; whoever takes them out gives them back through `recycle`.
  ///   - followers: pipelines that come after it; they have no threads of their own.
  ///   - onEnd: called on the pipeline's thread when no frame will come any more.
  init(
    _ settings: PipelineSettings, processor: FrameProcessor, turns: ProcessorTurns = ProcessorTurns(processorCount: processorCount()),
    results: BoundedQueue<FrameResult>, followers: [PipelineWorker] = [],
    ledger: ProgressLedger, log: AgentLog, onEnd: @escaping @Sendable (PipelineWorker) -> Void
  ) {
    (self.turns, self.followers) = (turns, followers)
    scene = settings.still.map { _ in SceneSignature() }
    let description = PipelineDescription(settings, processor.manifest)
    shared = Shared(description: description)
    self.settings = settings
    self.processor = processor
    self.frameCount = settings.frameCount
    self.results = results
    self.ledger = ledger
    self.log = log
    self.onEnd = onEnd
    progress = ledger.stage("pipeline \(settings.name)")
    unused = BoundedQueue(capacity: Self.resultCount, policy: .rejectNewest)
    for _ in 0..<Self.resultCount { unused.push(FrameResult(pipeline: description, detectionLimit: processor.detectionLimit)) }
    lastFound.detections.reserveCapacity(processor.detectionLimit)
    if settings.after != nil { progress.wait() }
  }

  func start() throws(EdgeAgentError) {
    do { thread = try DataPlaneThread(name: "infer-\(settings.name)") { self.run() } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
  }

  func join() { thread?.join() }

  /// Hands it a frame of its camera, the newest of which wins.
  func give(_ frame: consuming Frame) {
    mutex.withLock { shared.given += 1 }
    mailbox.put(frame)
  }

  /// Whether every frame that it was given is processed, and its result recorded. For the thread that gives the frames.
  var isIdle: Bool { mutex.withLock { shared.given == shared.finished + mailbox.dropCount } && followers.allSatisfy(\.isIdle) }

  /// Whether frames are passed over unseen. One that is being worked on is finished.
  var isPaused: Bool {
    get { mutex.withLock { shared.isPaused } }
    set { mutex.withLock { shared.isPaused = newValue } }
  }

  private func countFinished() { mutex.withLock { shared.finished += 1 } }

  /// Takes a recorded result back.
  func recycle(_ result: FrameResult) {
    result.groundTruth = nil
    unused.push(result)
    countFinished()
  }

  private func run() {
    var processed = 0
    while frameCount.map({ processed < $0 }) ?? true {
      progress.wait()
      guard let frame = mailbox.take() else { break }
      progress.work()
      takeSuccessor()
      if judge(frame) { processed += 1 }
      statistics.setReplaced(mailbox.dropCount)
    }
    mailbox.close()
    // A frame that nobody takes would keep its buffer from the camera's other pipelines.
    _ = mailbox.take(timeout: .zero)
    for follower in followers { follower.end() }
    end()
  }

  private func end() {
    ledger.remove(progress)
    onEnd(self)
  }

  /// - Returns: whether it gave a result.
  private func judge(_ frame: consuming Frame) -> Bool {
    guard let result = begin() else { return false }
    if let reach = reachOfScene(frame.view), reach <= settings.still?.difference ?? 0 {
      repeatLast(frame, into: result)
      return true
    }
    let share = processorShare
    progress.wait()
    let hasWaited = turns.take(share)
    progress.work()
    defer { turns.give(share) }
    // While others had their turn a newer one may have come.
    if hasWaited, let newer = mailbox.take(timeout: .zero) {
      statistics.countOvertaken()
      countFinished()
      frame = newer
    }
    guard isInTime(frame) else {
      giveUp(result) { $0.countLate() }
      return false
    }
    return process(frame, into: result)
  }

  /// The processors that a frame takes, those that follow included.
  private var processorShare: Int { followers.reduce(processor.threadCount) { max($0, $1.processor.threadCount) } }

  /// A result to fill; nil where the frame is to be passed over, which is then counted.
  private func begin() -> FrameResult? {
    guard !isPaused else {
      statistics.countPassedOver()
      countFinished()
      return nil
    }
    // Without a free result the recorder is far behind; the frame is given up rather than the camera held up.
    guard let result = unused.pop(timeout: .zero) else {
      statistics.countUnrecorded()
      countFinished()
      return nil
    }
    result.pipeline = description
    // Only in the first rounds after a change of models can there be too little room.
    result.detections.reserveCapacity(processor.detectionLimit)
    return result
  }

  private func isInTime(_ frame: borrowing Frame) -> Bool {
    settings.budget.map { frame.capturedAt.advanced(by: $0) >= MonotonicClock.now() } ?? true
  }

  private func giveUp(_ result: FrameResult, _ count: (PipelineStatistics) -> Void) {
    count(statistics)
    unused.push(result)
    countFinished()
  }

  private func process(_ frame: consuming Frame, into result: FrameResult) -> Bool {
    defer { shadow = nil }
    let isShadowed = settings.crops == nil && shadow?.offer(frame.view) ?? false
    if let scene {
      scene.keep(frame.view)
      lookedAt = MonotonicClock.now()
    }
    let outcome: PreparationOutcome
    if followers.isEmpty {
      outcome = processor.process(frame, into: result)
    } else {
      outcome = processor.prepare(frame.view, into: result, from: result.begin(frame))
      if outcome == .prepared {
        processor.finish(into: result)
        for follower in followers { follower.follow(frame, result) }
      }
    }
    guard outcome == .prepared else {
      scene?.clear()
      reportUnusable(outcome)
      giveUp(result) { $0.countUnusable() }
      return false
    }
    if isShadowed { shadow?.submit(result) }
    tell(result)
    return true
  }

  private func reportUnusable(_ outcome: PreparationOutcome) {
    log.log(
      .warning, "pipeline \(settings.name): a frame of camera \(settings.camera) was skipped: \(outcome.explanation)",
      subject: "unusable \(settings.name)", about: [.pipeline(settings.name), .camera(settings.camera)])
  }

  /// Counts a finished result and hands it to the recorder.
  private func tell(_ result: FrameResult) {
    if !result.isReused { remember(result) }
    statistics.countProcessed(result.timings, hasDetections: !result.detections.isEmpty, isReused: result.isReused)
    let (faults, nonFiniteFrames) = (processor.faultCount, processor.nonFiniteFrameCount)
    mutex.withLock {
      if !result.isReused {
        shared.usage.frames += 1
        shared.usage.inference += result.timings.inference
      }
      (shared.usage.faults, shared.usage.nonFiniteFrames) = (faults, nonFiniteFrames)
    }
    if !results.push(result) { giveUp(result) { $0.countUnrecorded() } }
  }
}

/// A scene that doesn't change.
extension PipelineWorker {
  /// How far a frame is from the one that was looked at last; nil where it has to be looked at in any case.
  private func reachOfScene(_ view: ImageView) -> Double? {
    guard let scene, let still = settings.still, lookedAt.advanced(by: still.longest) > MonotonicClock.now() else { return nil }
    return scene.difference(from: view).map(Double.init)
  }

  private func remember(_ result: FrameResult) {
    lastFound.detections.removeAll(keepingCapacity: true)
    lastFound.detections.append(contentsOf: result.detections)
    (lastFound.width, lastFound.height) = (result.frameWidth, result.frameHeight)
  }

  /// Tells what was found last once more, and lets those that follow do the same.
  private func repeatLast(_ frame: borrowing Frame, into result: FrameResult) {
    _ = result.begin(frame)
    result.isReused = true
    result.detections.removeAll(keepingCapacity: true)
    result.detections.append(contentsOf: lastFound.detections)
    (result.frameWidth, result.frameHeight) = (lastFound.width, lastFound.height)
    for follower in followers { follower.repeatFollowing(frame) }
    tell(result)
  }

  private func repeatFollowing(_ frame: borrowing Frame) {
    countGiven()
    guard let result = begin() else { return }
    guard followed.isJudged else { return giveUp(result) { $0.countUnneeded() } }
    repeatLast(frame, into: result)
  }
}

/// A pipeline that comes after another; on that one's thread.
extension PipelineWorker {
  /// Looks at what the leader found in a frame, or at the whole frame if it found anything.
  private func follow(_ frame: borrowing Frame, _ leader: FrameResult) {
    progress.work()
    defer { progress.wait() }
    countGiven()
    takeSuccessor()
    defer { shadow = nil }
    followed.isJudged = false
    guard let result = begin() else { return }
    followed.choose(from: leader, settings.crops)
    guard followed.count > 0 else { return giveUp(result) { $0.countUnneeded() } }
    guard isInTime(frame) else { return giveUp(result) { $0.countLate() } }
    let begun = result.begin(frame)
    let outcome: PreparationOutcome
    let isShadowed = settings.crops == nil && shadow?.offer(frame.view) ?? false
    if settings.crops == nil {
      outcome = processor.prepare(frame.view, into: result, from: begun)
      if outcome == .prepared { processor.finish(into: result) }
    } else {
      outcome = followed.look(at: frame.view, by: processor, margin: settings.crops?.margin ?? 0, into: result)
    }
    guard outcome == .prepared else {
      reportUnusable(outcome)
      return giveUp(result) { $0.countUnusable() }
    }
    followed.isJudged = true
    if isShadowed { shadow?.submit(result) }
    tell(result)
  }

  private func countGiven() { mutex.withLock { shared.given += 1 } }
}

extension PipelineWorker {
  /// What other threads read and write; under the mutex.
  struct Shared {
    var description: PipelineDescription
    /// Frames given, and those whose result is recorded or given up; the mailbox counts those that newer ones replaced.
    var given: UInt64 = 0
    var finished: UInt64 = 0
    var isPaused = false
    /// Takes the processor's place before the next frame.
    var successor: FrameProcessor?
    /// The one before, until somebody lets it go: that takes longer than a frame should wait.
    var retired: FrameProcessor?
    /// Sees frames, too; the one before, as `retired`.
    var shadow: ShadowRun?
    var retiredShadow: ShadowRun?
    /// Since the present model's first frame.
    var usage = ModelUsage()
  }

  /// Lets another model take over between two frames. Doesn't wait for that.
  func replaceModel(by successor: FrameProcessor) {
    let left = mutex.withLock { () -> (FrameProcessor?, FrameProcessor?) in
      defer { (shared.successor, shared.retired) = (successor, nil) }
      return (shared.successor, shared.retired)
    }
    // Their memory goes here, outside the mutex.
    withExtendedLifetime(left) {}
  }

  /// - Returns: zero until a model that was given has had its first frame.
  var usage: ModelUsage { mutex.withLock { shared.successor == nil ? shared.usage : ModelUsage() } }

  /// Lets the memory of a model go that was replaced.
  func releaseRetired() {
    let retired = mutex.withLock { () -> (FrameProcessor?, ShadowRun?) in
      defer { (shared.retired, shared.retiredShadow) = (nil, nil) }
      return (shared.retired, shared.retiredShadow)
    }
    withExtendedLifetime(retired) {}
  }

  /// Lets another model see frames, too, from the next one on; nil ends that.
  func setShadow(_ shadow: ShadowRun?) {
    mutex.withLock {
      shared.retiredShadow = shared.shadow ?? shared.retiredShadow
      shared.shadow = shadow
    }
  }

  /// On the worker's thread: another model takes over now, if there is one.
  private func takeSuccessor() {
    let isReplaced = mutex.withLock { () -> Bool in
      shadow = shared.shadow
      guard let successor = shared.successor else { return false }
      shared.successor = nil
      shared.retired = processor
      processor = successor
      shared.description = PipelineDescription(settings, successor.manifest)
      shared.usage = ModelUsage()
      return true
    }
    // What the one before found counts for nothing any more.
    guard isReplaced else { return }
    scene?.clear()
    followed.isJudged = false
  }
}

extension PreparationOutcome {
  /// For a person.
  var explanation: String {
    switch self {
    case .prepared: "nothing is wrong"
    case .shortFrame(let needed, let got): "it has \(got) of \(needed) bytes; check the cable and the camera's format"
    case .impossibleGeometry: "its size makes no sense; check the camera's driver"
    case .damagedImage: "its JPEG is damaged; check the cable and the camera"
    }
  }
}
