public import Inspection
import Pipelines

/// What a pipeline has done since it started; written by its threads, read by any.
public final class PipelineStatistics: @unchecked Sendable {
  public struct Snapshot: Sendable {
    /// Frames that went through the model.
    public var processed: UInt64 = 0
    /// Of these, frames with at least one detection.
    public var withDetections: UInt64 = 0
    /// Frames that were too short, damaged or impossible, and so skipped.
    public var unusable: UInt64 = 0
    /// Frames given up because a newer one came first.
    public var replaced: UInt64 = 0
    /// Results given up because recording them fell behind.
    public var unrecorded: UInt64 = 0
    /// Frames that came while the pipeline was told to pause.
    public var passedOver: UInt64 = 0
    /// Frames given up because they were older than the pipeline's budget.
    public var late: UInt64 = 0
    /// Of the processed, frames of an unchanged scene: what was found before was told again.
    public var reused: UInt64 = 0
    /// What was to be looked at and wasn't: parts of frames beyond the limit, too small or too late.
    public var leftOut: UInt64 = 0
    /// Frames in which the pipeline before found nothing to look at.
    public var unneeded: UInt64 = 0
    /// What rules and parts have come to; nil where nothing is decided.
    public var decided: Inspector.Counters?
    /// Crossings of each line, in the configuration's order.
    public var crossings: [UInt64] = []
    /// Frames left out on purpose, as the machine was too hot or short of memory.
    public var spared: UInt64 = 0
    /// Of the processed, frames that could run together with others', and the frames of all those runs.
    public var batched: UInt64 = 0
    public var batchedFrames: UInt64 = 0
    /// Of the processed, frames whose input the processor made, though a device runs the model.
    public var preparedAside: UInt64 = 0
    /// By stage, in the order of `PipelineStage.allCases`.
    public var latencies = [LatencyHistogram](repeating: LatencyHistogram(), count: PipelineStage.allCases.count)

    /// The same in fixed buckets, in the same order.
    public var buckets = [DurationBuckets.Snapshot](repeating: DurationBuckets.Snapshot(), count: PipelineStage.allCases.count)

    public init() {}

    public func latency(of stage: PipelineStage) -> LatencyHistogram {
      latencies[PipelineStage.allCases.firstIndex(of: stage) ?? 0]
    }
  }

  private let mutex = PthreadMutex()
  private var current = Snapshot()
  private let buckets = PipelineStage.allCases.map { _ in DurationBuckets() }

  init() {}

  /// Copied in full here, as the threads that count must not allocate; into memory that is there before they have to wait.
  public var snapshot: Snapshot {
    var latencies = PipelineStage.allCases.map { _ in LatencyHistogram() }
    var crossings = [UInt64](repeating: 0, count: mutex.withLock { current.crossings.count })
    var copy = mutex.withLock {
      for at in latencies.indices { latencies[at].copy(current.latencies[at]) }
      for at in 0..<min(crossings.count, current.crossings.count) { crossings[at] = current.crossings[at] }
      var copy = current
      (copy.latencies, copy.crossings) = (latencies, crossings)
      return copy
    }
    copy.buckets = buckets.map(\.snapshot)
    return copy
  }

  /// Frames that went through the model; cheaper than a whole snapshot.
  var processedCount: UInt64 { mutex.withLock { current.processed } }

  /// As cheap.
  var sparedCount: UInt64 { mutex.withLock { current.spared } }

  func countProcessed(_ timings: FrameTimings, hasDetections: Bool, isReused: Bool = false) {
    mutex.withLock {
      current.processed += 1
      if isReused { current.reused += 1 }
      if hasDetections { current.withDetections += 1 }
      for (index, stage) in PipelineStage.allCases.enumerated() { current.latencies[index].add(stage.duration(in: timings)) }
    }
    for (index, stage) in PipelineStage.allCases.enumerated() { buckets[index].add(stage.duration(in: timings)) }
  }

  /// What a pipeline decides from now on is counted.
  func expect(_ settings: InspectionSettings) {
    mutex.withLock {
      current.decided = Inspector.Counters()
      current.crossings = settings.lines.map { _ in 0 }
    }
  }

  func set(_ inspector: borrowing Inspector) {
    mutex.withLock {
      current.decided = inspector.counters
      for at in 0..<current.crossings.count { current.crossings[at] = inspector.crossings[at] }
    }
  }

  func countBatch(of count: Int) {
    mutex.withLock {
      current.batched += 1
      current.batchedFrames += UInt64(count)
    }
  }

  func countUnusable() { mutex.withLock { current.unusable += 1 } }
  func countPassedOver() { mutex.withLock { current.passedOver += 1 } }
  func countLate() { mutex.withLock { current.late += 1 } }
  func countLeftOut(_ count: Int) { if count > 0 { mutex.withLock { current.leftOut += UInt64(count) } } }
  func countPreparedAside() { mutex.withLock { current.preparedAside += 1 } }
  func countUnneeded() { mutex.withLock { current.unneeded += 1 } }
  func countSpared() { mutex.withLock { current.spared += 1 } }
  func countUnrecorded() { mutex.withLock { current.unrecorded += 1 } }
  func setReplaced(_ count: UInt64) { mutex.withLock { current.replaced = count } }
}
