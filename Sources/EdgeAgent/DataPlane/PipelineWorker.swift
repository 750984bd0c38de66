import Capture
import Imaging
import Inspection
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
  let mailbox: FrameIntake
  /// What rules and parts are decided by, and who acts by it; the worker thread's own.
  let inspector: Inspector?
  let gate: GateDesk?
  let snapshots: SnapshotDesk?
  let settings: PipelineSettings
  let mutex = PthreadMutex()
  /// Under the mutex.
  var shared: Shared
  /// Look at its frames where it found something, on its thread.
  let followers: [PipelineWorker]
  let turns: ProcessorTurns
  // The worker thread's own; of one that follows, its leader's thread's.
  var processor: FrameProcessor
  /// The lighter model while the pipeline's own runs, and the other way round.
  var standby: FrameProcessor?
  let hasLighter: Bool
  var shadow: ShadowRun?
  let scene: SceneSignature?
  var lookedAt = MonotonicInstant(nanoseconds: 0)
  /// What was found last, and in which size of frame.
  var lastFound: (detections: [Detection], width: Int, height: Int, isComplete: Bool) = ([], 0, 0, true)
  var followed = FollowedFrame()
  private let frameCount: Int?
  let keepsAll: Bool
  let results: BoundedQueue<FrameResult>
  let unused: BoundedQueue<FrameResult>
  /// For what must be judged though the recorder has all the others: it isn't recorded.
  private let spare: FrameResult?
  private var wasPaused = false
  /// Whether somebody was told that the processor makes what a device could.
  var hasToldPreparation = false
  let progress: StageProgress
  private let ledger: ProgressLedger
  let log: AgentLog
  private let onEnd: @Sendable (PipelineWorker) -> Void
  private var thread: DataPlaneThread?

  /// - Parameters:
  ///   - lighter: runs in place of the other model while the machine is strained.
  ///   - turns: the processors that it shares with other pipelines; all by itself where not given.
  ///   - results: takes filled results; whoever takes them out gives them back through `recycle`.
  ///   - followers: pipelines that come after it; they have no threads of their own.
  ///   - gate: gets the verdicts on parts.
  ///   - snapshots: makes pictures of what rules begin with, and those that spoken commands ask for.
  ///   - keepsAll: whether no frame is ever left out for the machine's sake.
  ///   - onEnd: called on the pipeline's thread when no frame will come any more.
  init(
    _ settings: PipelineSettings, processor: FrameProcessor, lighter: FrameProcessor? = nil,
    turns: ProcessorTurns = ProcessorTurns(processorCount: processorCount()),
    results: BoundedQueue<FrameResult>, followers: [PipelineWorker] = [], gate: GateDesk? = nil, snapshots: SnapshotDesk? = nil,
    keepsAll: Bool = false, ledger: ProgressLedger, log: AgentLog, onEnd: @escaping @Sendable (PipelineWorker) -> Void
  ) {
    (self.turns, self.followers) = (turns, followers)
    scene = settings.still.map { _ in SceneSignature() }
    let description = PipelineDescription(settings, processor.manifest)
    shared = Shared(description: description, backend: processor.backend)
    (shared.usage.deviceTrouble, shared.usage.isKeptOffDevice) = (processor.backend.trouble, processor.backend.isModelsDoing)
    self.settings = settings
    self.processor = processor
    (standby, hasLighter) = (lighter, lighter != nil)
    shared.isLighterFit = lighter.map { processor.finds(asIn: $0) } ?? true
    (self.gate, self.snapshots) = (gate, snapshots)
    mailbox = FrameIntake(keepsEach: settings.inspection.parts?.kind == .trigger)
    inspector = processor.plan.map { Inspector(settings.inspection, $0) }
    self.frameCount = settings.frameCount
    self.keepsAll = keepsAll
    self.results = results
    self.ledger = ledger
    self.log = log
    self.onEnd = onEnd
    progress = ledger.stage("pipeline \(settings.name)")
    if inspector != nil { statistics.expect(settings.inspection) }
    unused = BoundedQueue(capacity: Self.resultCount, policy: .rejectNewest)
    let isInspected = inspector != nil
    func newResult() -> FrameResult {
      let result = FrameResult(pipeline: description, detectionLimit: processor.detectionLimit)
      if isInspected { result.reserveForInspection() }
      return result
    }
    spare = isInspected ? newResult() : nil
    for _ in 0..<Self.resultCount { unused.push(newResult()) }
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

  /// How many frames are left out for the machine's sake: `DegradationPolicy`'s step.
  var degradation: Int {
    get { mutex.withLock { shared.degradation } }
    set { mutex.withLock { shared.degradation = newValue } }
  }

  func countGiven() { mutex.withLock { shared.given += 1 } }

  func countFinished() { mutex.withLock { shared.finished += 1 } }

  /// Takes a recorded result back.
  func recycle(_ result: FrameResult) {
    result.groundTruth = nil
    let isFrame = result.isFrame
    result.isFrame = true
    unused.push(result)
    if isFrame { countFinished() }
  }

  private func run() {
    var processed = 0
    var throttle = keepsAll ? nil : FrameThrottle()
    while frameCount.map({ processed < $0 }) ?? true {
      progress.wait()
      guard let frame = nextFrame() else { break }
      progress.work()
      takeSuccessor()
      for follower in followers { follower.takeSuccessor() }
      // Another pipeline may have found out: no frame of this one is given for it.
      if processor.hasLostDevice { leaveDevice() }
      for follower in followers where follower.processor.hasLostDevice { follower.leaveDevice() }
      let (begin, step) = (MonotonicClock.now(), throttleStep)
      if throttle?.admits(at: begin, step: step) ?? true {
        if judge(frame) { processed += 1 }
        let end = MonotonicClock.now()
        throttle?.note(begin.duration(to: end), until: end, step: step)
      } else {
        statistics.countSpared()
        countFinished()
      }
      statistics.setReplaced(mailbox.dropCount)
    }
    mailbox.close()
    // Frames that nobody takes would keep their buffers from the camera's other pipelines.
    while mailbox.take(timeout: .zero) != nil {}
    for follower in followers { follower.end() }
    end()
  }

  private func end() {
    excuse()
    interruptInspection()
    ledger.remove(progress)
    onEnd(self)
  }

  /// Looks at a frame when it is the pipeline's turn, unless there is nothing to compute.
  ///
  /// - Returns: whether it gave a result.
  private func judge(_ taken: consuming Frame) -> Bool {
    guard let result = begin() else { return false }
    if isStill(taken), isInTime(taken) {
      repeatLast(taken, into: result)
      return true
    }
    if let batch = processor.batch { return judgeTogether(batch, taken, into: result) }
    var waiting: Frame? = consume taken
    var turn = waitForTurn(with: &waiting)
    guard let frame = waiting.take() else {
      putBack(result)
      return false
    }
    guard isInTime(frame) else {
      inspector?.passOver()
      giveUp(result) { $0.countLate() }
      return false
    }
    return process(frame, into: result, in: &turn)
  }

  /// Meanwhile the frame waits where a newer one replaces it: nobody holds the camera's buffers.
  ///
  /// - Parameter frame: the newest afterwards; nil where the pipeline is at its end.
  private func waitForTurn(with frame: inout Frame?) -> ProcessorTurn {
    let share = processorShare
    if let turn = turns.beginIfFree(share) { return turn }
    // Nil but for a part's own frame, which none replaces.
    if let taken = frame.take() { frame = mailbox.putBack(taken) }
    progress.wait()
    let turn = turns.begin(share)
    progress.work()
    if frame == nil { frame = mailbox.take(timeout: .zero) }
    return turn
  }

  /// The processors that a frame takes, those that follow included.
  private var processorShare: Int { followers.reduce(processor.threadCount) { max($0, $1.processor.threadCount) } }

  /// A result to fill; nil where the frame is to be passed over, which is then counted.
  func begin() -> FrameResult? {
    guard !isPaused else {
      if !wasPaused {
        wasPaused = true
        excuse()
        interruptInspection()
        // They see no frames either.
        for follower in followers { follower.interruptInspection() }
      }
      statistics.countPassedOver()
      countFinished()
      return nil
    }
    wasPaused = false
    // Without a free result the recorder is far behind; the frame is given up, or at least not recorded, rather than the camera held up.
    guard let result = unused.pop(timeout: .zero) ?? spare else {
      statistics.countUnrecorded()
      countFinished()
      return nil
    }
    result.pipeline = description
    // Only in the first rounds after a change of models can there be too little room.
    result.detections.reserveCapacity(processor.detectionLimit)
    return result
  }

  func isInTime(_ frame: borrowing Frame) -> Bool { deadline(of: frame).map { $0 >= MonotonicClock.now() } ?? true }

  /// When its model must have begun; nil where that may be any time.
  private func deadline(of frame: borrowing Frame) -> MonotonicInstant? { settings.budget.map { frame.capturedAt.advanced(by: $0) } }

  func giveUp(_ result: FrameResult, _ count: (PipelineStatistics) -> Void) {
    count(statistics)
    putBack(result)
    countFinished()
  }

  func putBack(_ result: FrameResult) { if result !== spare { unused.push(result) } }

  /// - Returns: false where the recorder has no room.
  func handOn(_ result: FrameResult) -> Bool { result !== spare && results.push(result) }

  private func process(_ frame: consuming Frame, into result: FrameResult, in turn: inout ProcessorTurn) -> Bool {
    defer { shadow = nil }
    let taken = takePixels(frame.view)
    keepScene(frame.view)
    let before = processor.faults
    let deadline = deadline(of: frame)
    guard !followers.isEmpty else {
      guard isUsable(processor.process(frame, into: result, in: &turn, by: deadline), result) else { return false }
      decide(result, isSound: processor.faults == before)
      tell(result, taken)
      return true
    }
    // Those that follow run their models in the same turn: it stays wide.
    let outcome = processor.look(at: frame.view, into: result, from: result.begin(frame), in: &turn, by: deadline)
    guard isUsable(outcome, result) else { return false }
    decide(result, isSound: processor.faults == before)
    for follower in followers { follower.followed.choose(from: result, follower.settings.crops) }
    // Its own result waits for nobody.
    tell(result, taken)
    for follower in followers { follower.follow(frame, after: self) }
    return true
  }

  /// Others don't wait for its frames.
  private func excuse() { processor.batch?.excuse(processor.batchMember) }

  func keepScene(_ view: ImageView) {
    guard let scene else { return }
    scene.keep(view)
    lookedAt = MonotonicClock.now()
  }

  /// Who else keeps a frame's pixels.
  struct TakenPixels {
    var isShadowed = false
    var isPictured = false
  }

  func takePixels(_ view: ImageView) -> TakenPixels {
    // A model in its trial that sees parts can't be compared.
    TakenPixels(isShadowed: settings.crops == nil && shadow?.offer(view) ?? false, isPictured: snapshots?.offer(view) ?? false)
  }

  /// Counts what was wrong with a frame, if anything was.
  func isUsable(_ outcome: FrameOutcome, _ result: FrameResult) -> Bool {
    guard outcome != .seen else { return true }
    scene?.clear()
    inspector?.passOver()
    guard outcome != .late else {
      giveUp(result) { $0.countLate() }
      return false
    }
    if outcome == .deviceFailed { leaveDevice() }
    log.log(
      .warning, "pipeline \(settings.name): a frame of camera \(settings.camera) was skipped: \(outcome.explanation)",
      subject: "unusable \(settings.name)", about: [.pipeline(settings.name), .camera(settings.camera)])
    giveUp(result) { $0.countUnusable() }
    return false
  }

  /// Keeps what was found, to tell it again, and lets the rules see it.
  /// - Parameter isSound: whether the model computed numbers.
  func decide(_ result: FrameResult, isSound: Bool) {
    // Where nothing is ever told again, nothing is kept for it.
    if !result.isReused, settings.still != nil || settings.after != nil { remember(result) }
    inspect(result, isSound: isSound)
  }

  /// Counts a finished result and hands it to the recorder.
  func tell(_ result: FrameResult, _ taken: TakenPixels = TakenPixels()) {
    if taken.isShadowed { shadow?.submit(result) }
    snapshots?.submit(result, isTaken: taken.isPictured)
    statistics.countLeftOut(result.leftOut)
    tellPreparation(result)
    statistics.countProcessed(result.timings, hasDetections: !result.detections.isEmpty, isReused: result.isReused)
    let faults = processor.faults
    mutex.withLock {
      guard !shared.isLight else { return }
      if !result.isReused {
        shared.usage.frames += 1
        if processor.waitsForDevice { shared.usage.isOfDevice = true }
        // Of parts the mean: how many there are is none of the model's doing. What a frame costs beside others says nothing of what it costs alone.
        if result.batchCount > 1 {
          shared.usage.untimedFrames += 1
        } else {
          // Preparing takes as long whatever the model, and would hide that a small one got slower.
          shared.usage.inference += result.timings.inference / max(result.modelRuns, 1)
        }
      }
      (shared.usage.faults, shared.usage.nonFiniteFrames) = (faults.indices, faults.nonFiniteFrames)
    }
    if !handOn(result) { giveUp(result) { $0.countUnrecorded() } }
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
