import CPUExecution
import ModelManifest
import ObjectDetection
import Pipelines

/// Pipelines that run the same package, whose frames run together: one takes a turn for all of them, each prepares and decodes its own frame on its own
/// thread, and the model runs once.
///
/// Whoever has a frame joins the round that gathers; the first one leads it. It waits for those that can be expected, for a stated time at most and
/// holding nothing, and then for its turn, in which others may still join. Only then does each take the newest frame of its camera. A round that
/// has begun takes nobody in; who comes then is in the next one, in the order of coming.
///
/// Every member reports once whether it has an image, and leaves once; the leader waits for both, and nobody else waits for a member. So a round
/// ends. Nothing here allocates or throws after it is made.
final class FrameBatch: @unchecked Sendable {
  private enum Phase {
    /// Members join.
    case gathering
    /// They prepare.
    case preparing
    /// The model has run; they decode and leave.
    case finished
  }

  /// Who hasn't been there for so many rounds isn't waited for.
  static let longestAbsence: UInt64 = 8

  /// Processors that a round takes: the model's threads, or one for each image that is prepared and decoded where these are more.
  let threadCount: Int
  private let vision: VisionBatch<CPUBackend>
  private let wait: Duration
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  // Under the mutex.
  private var phase = Phase.gathering
  private var round: UInt64 = 0
  private var nextTicket: UInt64 = 0
  private var admitted: UInt64 = 0
  private var joined = 0
  private var reported = 0
  private var left = 0
  /// Of each member the round that it was in last; nil for one that isn't expected.
  private var lastRounds: [UInt64?]
  /// With an image, in the order of the images in the run.
  private var prepared: [FrameProcessor] = []
  private var inference = Duration.zero
  /// Whether each image has run by itself.
  private var hasRunApart = false

  /// - Parameters:
  ///   - processor: one of the members'.
  ///   - members: how many there are.
  /// - Throws: `configuration`, where the package can't run several images at a time.
  init(
    _ package: ModelPackage, like processor: FrameProcessor, _ settings: PipelineSettings.Batch, threads: Int, members: Int, sharing: SharedWeights? = nil
  ) throws(EdgeAgentError) {
    lastRounds = [UInt64?](repeating: nil, count: members)
    // More than there are members never come together.
    let limit = min(settings.most, max(members, 2))
    (threadCount, wait) = (max(threads, limit), settings.wait)
    do throws(ObjectDetectionError) { vision = try processor.batch(of: limit, package, CPUOptions(threads: threads, sharing: sharing)) } catch {
      throw EdgeAgentError(.configuration, error.message, setting: "batch")
    }
    prepared.reserveCapacity(limit)
  }

  /// Members of the round that gathers or is under way.
  var joinedCount: Int { mutex.withLock { joined } }

  /// Waits until a round has its turn.
  ///
  /// - Parameter member: its number, from 0.
  /// - Returns: the round's turn, for the one who leads it.
  func join(_ member: Int, _ turns: ProcessorTurns) -> ProcessorTurn? {
    mutex.lock()
    let ticket = nextTicket
    nextTicket += 1
    while phase != .gathering || joined == vision.limit || admitted != ticket { changed.wait(with: mutex) }
    admitted += 1
    let isLeader = joined == 0
    joined += 1
    lastRounds[member] = round
    changed.broadcast()
    guard isLeader else {
      while phase == .gathering { changed.wait(with: mutex) }
      mutex.unlock()
      return nil
    }
    gather()
    mutex.unlock()
    var turn = turns.begin(threadCount)
    turn.widen()
    mutex.withLock { phase = .preparing }
    changed.broadcast()
    return turn
  }

  /// Waits for those that can be expected, with the mutex held.
  private func gather() {
    guard joined < expectedCount else { return }
    let deadline = MonotonicClock.now().advanced(by: wait)
    while joined < expectedCount { guard changed.wait(with: mutex, until: deadline) else { break } }
  }

  private var expectedCount: Int {
    var count = 0
    for index in lastRounds.indices { if let last = lastRounds[index], round - last <= Self.longestAbsence { count += 1 } }
    return min(count, vision.limit)
  }

  /// A member isn't expected any more, until it joins again.
  func excuse(_ member: Int) {
    mutex.withLock { lastRounds[member] = nil }
    changed.broadcast()
  }

  /// Says what came of a member's frame; once for each that has joined.
  ///
  /// - Parameter processor: has prepared an image; nil for none.
  /// - Returns: which image of the run it is.
  func report(_ processor: FrameProcessor?) -> Int? {
    let slot = mutex.withLock { () -> Int? in
      reported += 1
      guard let processor else { return nil }
      prepared.append(processor)
      return prepared.count - 1
    }
    changed.broadcast()
    return slot
  }

  /// For the leader, which has reported: runs the model once all have.
  func run() {
    mutex.lock()
    while reported < joined { changed.wait(with: mutex) }
    mutex.unlock()
    // Nobody else touches these now: all have reported, and wait.
    let (begin, faults) = (MonotonicClock.now(), vision.faultCount)
    let count = prepared.count
    var isApart = count == 1
    if count > 1 {
      for slot in 0..<count { prepared[slot].write(to: vision, at: slot, of: count) }
      vision.run(count)
      // Which of the images asked for elements outside the model's tensors isn't known; no other one is to pay for it.
      isApart = vision.faultCount != faults
    }
    if isApart { for slot in 0..<count { prepared[slot].runAlone() } }
    mutex.withLock {
      inference = begin.duration(to: MonotonicClock.now())
      hasRunApart = isApart
      phase = .finished
    }
    changed.broadcast()
  }

  /// For the others, which have reported: waits until the model has run.
  func waitForRun() {
    mutex.lock()
    while phase != .finished { changed.wait(with: mutex) }
    mutex.unlock()
  }

  /// What became of the image in this slot, in a member that hasn't left yet.
  ///
  /// - Returns: false where the model's device failed.
  func decode(_ slot: Int, by processor: FrameProcessor, into result: FrameResult, preparedAt: MonotonicInstant) -> Bool {
    let (count, inference, isApart) = mutex.withLock { (prepared.count, self.inference, hasRunApart) }
    let now = MonotonicClock.now()
    result.timings.inference = inference
    let waited = preparedAt.duration(to: now) - inference
    if waited > .zero { result.timings.waiting += waited }
    result.batchCount = count
    return isApart ? processor.decode(into: result) : processor.decode(slot, in: count, of: vision, into: result)
  }

  /// A member is done with this round. The leader's turn should go on until all are: for it this waits for them.
  func leave(asLeader isLeader: Bool) {
    mutex.lock()
    left += 1
    if isLeader {
      while left < joined { changed.wait(with: mutex) }
      (phase, joined, reported, left) = (.gathering, 0, 0, 0)
      round += 1
      prepared.removeAll(keepingCapacity: true)
    }
    mutex.unlock()
    changed.broadcast()
  }
}
