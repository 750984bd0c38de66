import Capture
import Imaging
import Pipelines
import Supervision

/// The thread that runs a pipeline's model: newest frame in, result out.
final class PipelineWorker: @unchecked Sendable {
  /// Results that may wait to be recorded.
  static let resultCount = 16

  let description: PipelineDescription
  let statistics = PipelineStatistics()
  let mailbox = Mailbox<Frame>()
  private let processor: FrameProcessor
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
    description = PipelineDescription(settings, processor.manifest)
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
    do { thread = try DataPlaneThread(name: "infer-\(description.name)") { self.run() } } catch {
      throw EdgeAgentError(.resources, error.message)
    }
  }

  func join() { thread?.join() }

  /// Whether every frame that it was given is processed, and its result recorded. For the instant in which it takes a frame up it may say so
  /// too early.
  var isIdle: Bool { mailbox.isEmpty && unused.count == Self.resultCount }

  /// Takes a recorded result back.
  func recycle(_ result: FrameResult) {
    result.groundTruth = nil
    unused.push(result)
  }

  private func run() {
    var processed = 0
    while frameCount.map({ processed < $0 }) ?? true {
      progress.wait()
      guard let frame = mailbox.take() else { break }
      progress.work()
      // Without a free result the recorder is far behind; the frame is given up rather than the camera held up.
      guard let result = unused.pop(timeout: .zero) else {
        statistics.countUnrecorded()
        continue
      }
      if process(frame, into: result) { processed += 1 }
      statistics.setReplaced(mailbox.dropCount)
    }
    mailbox.close()
    // A frame that nobody takes would keep its buffer from the camera's other pipelines.
    _ = mailbox.take(timeout: .zero)
    ledger.remove(progress)
    onEnd(self)
  }

  private func process(_ frame: consuming Frame, into result: FrameResult) -> Bool {
    let outcome = processor.process(frame, into: result)
    guard outcome == .prepared else {
      statistics.countUnusable()
      log.log(
        .warning, "pipeline \(description.name): a frame of camera \(description.camera) was skipped: \(outcome.explanation)",
        subject: "unusable \(description.name)")
      unused.push(result)
      return false
    }
    statistics.countProcessed(result.timings, hasDetections: !result.detections.isEmpty)
    if !results.push(result) {
      statistics.countUnrecorded()
      unused.push(result)
    }
    return true
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
