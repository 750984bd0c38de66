import Imaging
import Inspection
import ObjectDetection
import Outbox
import Pipelines
import Supervision
import Synchronization

/// Makes pictures of what made rules begin, and those that spoken commands ask for.
///
/// It has room for one frame. While that is free the pipeline's frames go into it before the model sees them, where a rule may want a picture of each; where a
/// rule begins that does, the desk's own thread draws what was found, writes the JPEG and hands it on. Meanwhile further pictures of rules are missed, and
/// counted. What a command asks for waits for the next frame that there is room and time for; it is missed where none comes soon. On the pipeline's thread
/// nothing is allocated and no lock is taken.
final class SnapshotDesk: @unchecked Sendable {
  private enum Owner: Int {
    case pipeline, desk
  }

  /// From one picture to the next at least: they are large, and mustn't crowd out what was decided.
  static let leastPause = Duration.seconds(1)
  /// So long a picture that a command asks for waits for its frame. Later it would show something else than whoever asked saw.
  static let patience = Duration.seconds(5)
  /// More boxes aren't drawn.
  private static let boxLimit = 256

  private let rules: [RuleSettings]
  private let commands: [String]
  /// Whether any frame may be one that a rule wants a picture of.
  private let takesEach: Bool
  private let patience: Duration
  private let onOverdue: @Sendable (String) -> Void
  private let tell: @Sendable (SnapshotMessage) -> Void
  private let ledger: ProgressLedger
  private let progress: StageProgress
  private let owner = Atomic<Int>(Owner.pipeline.rawValue)
  private let missed = Atomic<Int>(0)
  /// 1 and the position of the command that asks for a picture; 0 where none does.
  private let asked = Atomic<Int>(0)
  // Of whoever `owner` says.
  private var image = ImageCopy(byteCount: 0)
  /// The room that a frame needed which the image hasn't.
  private var neededByteCount = 0
  private var hasRoom = false
  private var boxes: [Detection] = []
  private var description: PipelineDescription?
  private var lastAt: MonotonicInstant?
  /// Positions of the rule and the command; -1 for none.
  private var facts = (frame: UInt64(0), capturedAt: WallTime(microseconds: 0), rule: -1, command: -1)
  // Under the mutex, which the pipeline doesn't take.
  private let mutex = PthreadMutex()
  private let condition = PthreadCondition()
  private var isEnded = false
  /// When what is asked for is overdue.
  private var deadline: MonotonicInstant?
  private var thread: DataPlaneThread?

  /// - Parameters:
  ///   - commands: those that may ask for a picture.
  ///   - onOverdue: called on the desk's thread with a command for which no frame came.
  ///   - tell: called on the desk's thread.
  init(
    _ pipeline: PipelineSettings, commands: [String] = [], patience: Duration = SnapshotDesk.patience, ledger: ProgressLedger,
    onOverdue: @escaping @Sendable (String) -> Void = { _ in }, tell: @escaping @Sendable (SnapshotMessage) -> Void
  ) {
    (rules, self.commands, self.patience, self.ledger) = (pipeline.inspection.rules, commands, patience, ledger)
    (self.onOverdue, self.tell) = (onOverdue, tell)
    takesEach = rules.contains(where: \.takesSnapshot)
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

  /// Asks for a picture of the next frame. Doesn't wait for it; not for the pipeline's thread.
  /// - Parameter said: from when on its patience counts.
  /// - Returns: false where one that was asked for before is still to come, or none will come any more: this one is missed.
  @discardableResult
  func ask(for command: String, since said: MonotonicInstant = MonotonicClock.now()) -> Bool {
    guard let at = commands.firstIndex(of: command) else { return false }
    let isTaken = mutex.withLock { () -> Bool in
      guard !isEnded, asked.load(ordering: .acquiring) == 0 else { return false }
      deadline = said.advanced(by: patience)
      asked.store(at + 1, ordering: .releasing)
      return true
    }
    if isTaken { condition.signal() } else { countMissed() }
    return isTaken
  }

  /// Pictures that were wanted and not made: there was no room, no frame came in time, or the frame was damaged.
  var missedCount: Int { missed.load(ordering: .relaxed) }

  private func countMissed() { missed.add(1, ordering: .relaxed) }

  // MARK: - The pipeline's thread

  /// Takes a frame's pixels.
  /// - Parameter isUnseen: whether no model looks at this frame, so that only a command may want its picture.
  /// - Returns: false where this frame passes.
  func offer(_ view: ImageView, isUnseen: Bool = false) -> Bool {
    guard owner.load(ordering: .acquiring) == Owner.pipeline.rawValue else {
      // A signal that came before the desk waited is made up for.
      condition.signal()
      return false
    }
    guard takesEach && !isUnseen || !hasRoom || asked.load(ordering: .acquiring) != 0 else { return false }
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
    guard rule >= 0 else { return answer(result, isTaken: isTaken, at: now) }
    guard isTaken, isPauseOver(at: now) else { return countMissed() }
    result.snapshotRule = rule
    handOver(result, rule, takeRequest(), at: now)
  }

  /// Looks whether a command asks for a picture, whatever rules do.
  func answer(_ result: FrameResult, isTaken: Bool, at now: MonotonicInstant = MonotonicClock.now()) {
    guard isTaken, isPauseOver(at: now) else { return }
    let command = takeRequest()
    if command >= 0 { handOver(result, -1, command, at: now) }
  }

  private func isPauseOver(at now: MonotonicInstant) -> Bool { lastAt.map { $0.advanced(by: Self.leastPause) <= now } ?? true }

  /// - Returns: the command's position; -1 where none asks, or its time is over.
  private func takeRequest() -> Int {
    let request = asked.load(ordering: .acquiring)
    guard request != 0, asked.compareExchange(expected: request, desired: 0, ordering: .acquiringAndReleasing).exchanged else { return -1 }
    return request - 1
  }

  private func handOver(_ result: FrameResult, _ rule: Int, _ command: Int, at now: MonotonicInstant) {
    lastAt = now
    boxes.removeAll(keepingCapacity: true)
    for at in 0..<min(result.detections.count, Self.boxLimit) { boxes.append(result.detections[at]) }
    description = result.pipeline
    facts = (result.frameNumber, result.capturedAt, rule, command)
    handOver()
  }

  private func handOver() {
    owner.store(Owner.desk.rawValue, ordering: .releasing)
    condition.signal()
  }

  // MARK: - The desk's thread

  private enum Work {
    /// The pipeline handed over a frame, or the size of one.
    case frame
    /// Nothing came of what a command, by its position, asked for.
    case overdue(Int)
    case end
  }

  private func run() {
    while true {
      switch waitForWork() {
      case .frame: makePicture()
      case .overdue(let command):
        countMissed()
        onOverdue(commands[command])
      case .end: return
      }
    }
  }

  private func makePicture() {
    progress.work()
    if neededByteCount > 0 {
      // Compressed frames differ in size.
      image = ImageCopy(byteCount: neededByteCount + neededByteCount / 2)
      (neededByteCount, hasRoom) = (0, true)
    } else {
      draw()
    }
    owner.store(Owner.pipeline.rawValue, ordering: .releasing)
    progress.wait()
  }

  private func waitForWork() -> Work {
    mutex.withLock {
      while true {
        // What was handed over is made all the same.
        if owner.load(ordering: .acquiring) == Owner.desk.rawValue { return .frame }
        // What has been taken comes as a frame at once; should that signal be lost, the deadline ends the wait.
        guard isEnded || deadline.map({ $0 <= MonotonicClock.now() }) ?? false else {
          condition.wait(with: mutex, until: deadline)
          continue
        }
        deadline = nil
        let command = takeRequest()
        if command >= 0 { return .overdue(command) }
        if isEnded, owner.load(ordering: .acquiring) != Owner.desk.rawValue { return .end }
      }
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
    tell(
      SnapshotMessage(
        capturedAt: facts.capturedAt, clock: .current(), frame: facts.frame, rule: facts.rule < 0 ? nil : rules[facts.rule].name,
        command: facts.command < 0 ? nil : commands[facts.command], jpeg: jpeg))
  }
}
