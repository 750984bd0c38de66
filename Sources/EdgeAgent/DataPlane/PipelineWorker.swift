import Capture
import Imaging
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
  // The worker thread's own.
  private var processor: FrameProcessor
  private var shadow: ShadowRun?
  private let frameCount: Int?
  private let results: BoundedQueue<FrameResult>
  private let unused: BoundedQueue<FrameResult>
  private let progress: StageProgress
  private let ledger: ProgressLedger
  private let log: AgentLog
  private let onEnd: @Sendable (PipelineWorker) -> Void
  private var thread: DataPlaneThread?

  /// - Parameters:
  ///   - results: takes filled results; whoever takes them out gives them back through `recycle`.
  ///   - onEnd: called on the pipeline's thread when no frame will come any more.
  init(
    _ settings: PipelineSettings, processor: FrameProcessor, results: BoundedQueue<FrameResult>, ledger: ProgressLedger, log: AgentLog,
    onEnd: @escaping @Sendable (PipelineWorker) -> Void
  ) {
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
  var isIdle: Bool { mutex.withLock { shared.given == shared.finished + mailbox.dropCount } }

  /// Whether frames are passed over unseen. One that is being worked on is finished.
  var isPaused: Bool {
    get { mutex.withLock { shared.isPaused } }
    set { mutex.withLock { shared.isPaused = newValue } }
  }

  /// How many frames are left out for the machine's sake: `DegradationPolicy`'s step.
  var degradation: Int {
    get { mutex.withLock { shared.degradation } }
    set { mutex.withLock { shared.degradation = newValue } }
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
    var description = description
    var throttle = FrameThrottle()
    while frameCount.map({ processed < $0 }) ?? true {
      progress.wait()
      guard let frame = mailbox.take() else { break }
      progress.work()
      if let changed = takeSuccessor() { description = changed }
      guard !isPaused else {
        statistics.countPassedOver()
        countFinished()
        continue
      }
      let (begin, step) = (MonotonicClock.now(), degradation)
      guard throttle.admits(at: begin, step: step) else {
        statistics.countSpared()
        statistics.setReplaced(mailbox.dropCount)
        countFinished()
        continue
      }
      // Without a free result the recorder is far behind; the frame is given up rather than the camera held up.
      guard let result = unused.pop(timeout: .zero) else {
        statistics.countUnrecorded()
        countFinished()
        continue
      }
      result.pipeline = description
      if process(frame, into: result) { processed += 1 }
      let end = MonotonicClock.now()
      throttle.note(begin.duration(to: end), until: end, step: step)
      statistics.setReplaced(mailbox.dropCount)
    }
    mailbox.close()
    // A frame that nobody takes would keep its buffer from the camera's other pipelines.
    _ = mailbox.take(timeout: .zero)
    ledger.remove(progress)
    onEnd(self)
  }

  private func process(_ frame: consuming Frame, into result: FrameResult) -> Bool {
    // Only in the first rounds after a change of models can there be too little room.
    result.detections.reserveCapacity(processor.detectionLimit)
    defer { shadow = nil }
    let isShadowed = shadow?.offer(frame.view) ?? false
    let outcome = processor.process(frame, into: result)
    guard outcome == .prepared else {
      statistics.countUnusable()
      log.log(
        .warning, "pipeline \(settings.name): a frame of camera \(settings.camera) was skipped: \(outcome.explanation)",
        subject: "unusable \(settings.name)", about: [.pipeline(settings.name), .camera(settings.camera)])
      unused.push(result)
      countFinished()
      return false
    }
    if isShadowed { shadow?.submit(result) }
    statistics.countProcessed(result.timings, hasDetections: !result.detections.isEmpty)
    let (faults, nonFiniteFrames) = (processor.faultCount, processor.nonFiniteFrameCount)
    mutex.withLock {
      shared.usage.frames += 1
      shared.usage.inference += result.timings.inference
      (shared.usage.faults, shared.usage.nonFiniteFrames) = (faults, nonFiniteFrames)
    }
    if !results.push(result) {
      statistics.countUnrecorded()
      unused.push(result)
      countFinished()
    }
    return true
  }
}

extension PipelineWorker {
  /// What other threads read and write; under the mutex.
  struct Shared {
    var description: PipelineDescription
    /// Frames given, and those whose result is recorded or given up; the mailbox counts those that newer ones replaced.
    var given: UInt64 = 0
    var finished: UInt64 = 0
    var isPaused = false
    var degradation = 0
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

  /// On the worker's thread: the new description where another model takes over now.
  private func takeSuccessor() -> PipelineDescription? {
    mutex.withLock {
      shadow = shared.shadow
      guard let successor = shared.successor else { return nil }
      shared.successor = nil
      shared.retired = processor
      processor = successor
      shared.description = PipelineDescription(settings, successor.manifest)
      shared.usage = ModelUsage()
      return shared.description
    }
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
