import CPUExecution
import CUDAExecution
import Capture
import Imaging
import Inference
import Inspection
import ModelManifest
import ObjectDetection
import Pipelines

/// A loaded model as a pipeline uses it: a frame in, its detections and the time of each stage out. One thread at a time; after
/// it is made it neither throws nor allocates.
///
/// Where a device runs the model, the processor's form is loaded beside it: the frame after the one on which the device fails goes there.
final class FrameProcessor: @unchecked Sendable {
  private let vision: VisionModel<CPUBackend>
  /// Up to which the processor's form is ready while a device runs the model.
  private var readiedWidth = 0
  /// Nil where it was never to run on a device.
  private let deviceVision: VisionModel<CUDABackend>?
  private let devices: ComputeDevices?
  /// Of the thread that processes.
  private(set) var backend: BackendChoice
  private let threshold: Float?
  private let processorThreadCount: Int
  /// What a measurement with made-up frames counted, which says nothing about the model.
  private let measuredFaultCount: UInt64
  private let measuredNonFiniteCount: UInt64
  /// What is decided about its frames; nil where nothing is.
  let plan: InspectionPlan?
  /// With whose frames its own run together, and its number among them; set before its pipeline begins.
  private(set) var batch: FrameBatch?
  private(set) var batchMember = 0

  /// - Parameters:
  ///   - threshold: the least score; the package's own where nil.
  ///   - threads: threads that run the model.
  ///   - sharing: keeps the weights together with those of others that run the same package.
  ///   - inspection: what is to be decided about its frames.
  ///   - backend: where the model is to run.
  ///   - devices: beside the processor; without them it runs there.
  ///   - manners: for the time of loading there.
  /// - Throws: `model`, where the package is one that a camera's frames can't go through; `configuration`, where it hasn't what rules ask for.
  init(
    _ package: ModelPackage, threshold: Double?, threads: Int, sharing: SharedWeights? = nil, inspection: InspectionSettings = InspectionSettings(),
    backend wanted: PipelineSettings.Backend = .cpu, devices: ComputeDevices? = nil, manners: LoadingManners = LoadingManners()
  ) throws(EdgeAgentError) {
    processorThreadCount = threads
    self.devices = devices
    guard package.manifest.sound == nil else {
      throw EdgeAgentError(.model, "\(package.origin): hears and sees nothing: a pipeline with this model needs \"microphone\" instead of \"camera\"")
    }
    do throws(ObjectDetectionError) { vision = try VisionModel(package, options: CPUOptions(threads: threads, sharing: sharing)) } catch {
      throw EdgeAgentError(.model, error.message)
    }
    var manners = manners
    manners.threadCount = threads
    (deviceVision, backend) = devices?.open(package, as: wanted, beside: vision, manners) ?? (nil, BackendChoice(wanted: wanted))
    // What its first run allocates or loads is no matter for the frame on which the device fails.
    if deviceVision != nil {
      vision.run()
      _ = vision.decode(threshold: threshold.map { Float($0) })
    }
    measuredNonFiniteCount = vision.nonFiniteFrameCount
    measuredFaultCount = vision.session.faultCount + (deviceVision?.session.faultCount ?? 0)
    guard !inspection.isEmpty else {
      (self.threshold, plan) = (threshold.map { Float($0) }, nil)
      return
    }
    do throws(InspectionError) {
      let plan = try InspectionPlan(
        inspection, labels: vision.manifest.labels, isClassification: vision.decoder.isClassification,
        threshold: threshold.map { Float($0) } ?? vision.decoder.suppression.scoreThreshold)
      (self.threshold, self.plan) = (plan.decodingThreshold(inspection), plan)
    } catch {
      // What isn't whole has no end of its own.
      if deviceVision != nil { devices?.noteEnd() }
      throw EdgeAgentError(.configuration, "\(package.origin): \(error.explanation)", setting: "rules")
    }
  }

  deinit { if deviceVision != nil { devices?.noteEnd() } }

  /// Run-time indices outside their tensors, over all frames so far.
  var faultCount: UInt64 { vision.session.faultCount + (deviceVision?.session.faultCount ?? 0) - measuredFaultCount }

  /// Frames so far whose outputs or boxes held infinities or what is no number.
  var nonFiniteFrameCount: UInt64 { vision.nonFiniteFrameCount - measuredNonFiniteCount + (deviceVision?.nonFiniteFrameCount ?? 0) }

  /// All that was wrong with what it computed so far.
  struct Faults: Equatable {
    var indices: UInt64
    var nonFiniteFrames: UInt64
  }

  var faults: Faults { Faults(indices: faultCount, nonFiniteFrames: nonFiniteFrameCount) }

  /// The least score that the package lets through by itself.
  var leastScore: Float { vision.decoder.suppression.scoreThreshold }

  var manifest: Manifest { vision.manifest }

  /// Most detections of a frame.
  var detectionLimit: Int { vision.decoder.suppression.limit }

  /// What runs the next frame, where that is a device.
  private var device: VisionModel<CUDABackend>? { backend.engine == .cuda ? deviceVision : nil }

  /// Processors that a frame takes; while a device computes, none of them is busy.
  var threadCount: Int { waitsForDevice ? 1 : processorThreadCount }

  /// Whether a device runs the model.
  var waitsForDevice: Bool { device != nil }

  /// The device has failed: the processor runs the model from now on, and nobody goes back to the device before the model is loaded anew.
  func leaveDevice() {
    guard let failure = device?.session.failure else { return }
    if failure.code == .deviceLost { devices?.noteLoss(failure.message) }
    (backend.engine, backend.reason, backend.trouble) = (.cpu, "the device failed", failure.message)
  }

  /// Fills the result from the frame, gives the frame back as soon as its pixels are read, and notes the time of each stage.
  ///
  /// - Parameters:
  ///   - turn: over while a device runs the model; else at its end when this returns, unless the frame could not be used.
  ///   - deadline: when the model must have begun.
  /// - Returns: what was wrong, where the frame could not be used; the result is then meaningless.
  func process(
    _ frame: consuming Frame, into result: FrameResult, in turn: inout ProcessorTurn, by deadline: MonotonicInstant? = nil
  ) -> FrameOutcome {
    let outcome = prepare(frame.view, into: result, from: result.begin(frame))
    _ = consume frame
    guard outcome == .prepared else { return .unprepared(outcome) }
    guard !waitsForDevice else {
      turn.end()
      return finish(into: result) ? .seen : .deviceFailed
    }
    guard widen(&turn, result, by: deadline) else { return .late }
    run(into: result)
    turn.narrow()
    return decode(into: result) ? .seen : .deviceFailed
  }

  /// As `process`, of a view whose frame others look at, too; the turn stays wide.
  func look(
    at view: ImageView, into result: FrameResult, from begin: MonotonicInstant, in turn: inout ProcessorTurn, by deadline: MonotonicInstant? = nil
  ) -> FrameOutcome {
    let outcome = prepare(view, into: result, from: begin)
    guard outcome == .prepared else { return .unprepared(outcome) }
    guard widen(&turn, result, by: deadline) else { return .late }
    return finish(into: result) ? .seen : .deviceFailed
  }

  /// As `process`, of a view whose frame others look at, too, in a turn that is wide.
  func look(at view: ImageView, into result: FrameResult, from begin: MonotonicInstant) -> FrameOutcome {
    let outcome = prepare(view, into: result, from: begin)
    guard outcome == .prepared else { return .unprepared(outcome) }
    return finish(into: result) ? .seen : .deviceFailed
  }

  /// - Returns: whether the deadline hasn't passed meanwhile.
  private func widen(_ turn: inout ProcessorTurn, _ result: FrameResult, by deadline: MonotonicInstant?) -> Bool {
    let prepared = MonotonicClock.now()
    turn.widen()
    let now = MonotonicClock.now()
    result.timings.waiting += prepared.duration(to: now)
    return deadline.map { $0 >= now } ?? true
  }

  /// The first stage: pixels into the model's input.
  func prepare(_ view: ImageView, into result: FrameResult, from begin: MonotonicInstant) -> PreparationOutcome {
    let before = device?.tensorFrameCount
    let outcome = prepare(view)
    result.isPreparedAside = device?.tensorFrameCount != before
    result.timings.preparation = begin.duration(to: MonotonicClock.now())
    return outcome
  }

  /// The stages that need no pixels any more.
  /// - Returns: false where the model's device failed; the result is then meaningless.
  func finish(into result: FrameResult) -> Bool {
    run(into: result)
    return decode(into: result)
  }

  /// From now on its frames run together with those of others.
  func join(_ batch: FrameBatch, as member: Int) {
    (self.batch, batchMember) = (batch, member)
    vision.keepTensors()
  }

  /// - Throws: where the package can't run several images at a time.
  func batch(of limit: Int, _ package: ModelPackage, _ options: CPUOptions) throws(ObjectDetectionError) -> VisionBatch<CPUBackend> {
    try VisionBatch(package, like: vision, limit: limit, options: options)
  }

  /// Hands on the prepared image.
  func write(to batch: VisionBatch<CPUBackend>, at slot: Int, of count: Int) { batch.write(vision, at: slot, of: count) }

  func runAlone() { vision.run() }

  /// Of the image that it has prepared, after a run of several images.
  /// - Returns: as `finish`.
  func decode(_ slot: Int, in count: Int, of batch: VisionBatch<CPUBackend>, into result: FrameResult) -> Bool {
    take(into: result) { vision.decode(slot, in: count, of: batch, threshold: threshold) }
  }

  private func run(into result: FrameResult) {
    let prepared = MonotonicClock.now()
    run()
    result.timings.inference = prepared.duration(to: MonotonicClock.now())
  }

  /// Of the image that it has prepared, after a run by itself.
  /// - Returns: as `finish`.
  func decode(into result: FrameResult) -> Bool { take(into: result) { decode() } }

  private func take(into result: FrameResult, _ decode: () -> [Detection]?) -> Bool {
    let inferred = MonotonicClock.now()
    let mapping = device?.mapping ?? vision.mapping
    result.frameWidth = mapping.frameWidth
    result.frameHeight = mapping.frameHeight
    result.detections.removeAll(keepingCapacity: true)
    guard let found = decode() else { return false }
    result.detections.append(contentsOf: found)
    if !isComplete { result.isComplete = false }
    result.timings.decoding = inferred.duration(to: MonotonicClock.now())
    return true
  }

  /// Whether what the decoder had no room for last was all too poor to be reported; the worst goes first.
  private var isComplete: Bool {
    let decoder = device?.decoder ?? vision.decoder
    guard let plan, !decoder.isClassification else { return true }
    guard decoder.droppedCandidateCount == 0 else { return false }
    return decoder.droppedDetectionCount == 0 || decoder.detections.last.map { $0.score < plan.threshold } ?? false
  }

  /// Makes room for parts of frames up to a width.
  func reserve(frameWidth: Int) {
    vision.reserve(sourceWidth: frameWidth)
    deviceVision?.reserve(sourceWidth: frameWidth)
  }

  /// Whether the device is known to be lost before a frame is given to it.
  var hasLostDevice: Bool { device?.session.hasFailed ?? false }

  private func prepare(_ view: ImageView, isPart: Bool = false) -> PreparationOutcome {
    guard let device else { return vision.prepare(view) }
    // The processor's form is ready for the next frame, too: what it makes for a size of frames it makes with the first of them. Parts are of any
    // size, and `reserve` has made room for them.
    if view.width > readiedWidth {
      vision.reserve(sourceWidth: view.width)
      _ = vision.prepare(view)
      readiedWidth = view.width
    }
    let before = device.tensorFrameCount
    let outcome = device.prepare(view, isPart: isPart)
    // The next load makes the room that this frame wanted.
    if device.takesFrames, device.tensorFrameCount != before { devices?.note(view) }
    return outcome
  }

  private func run() {
    if let device { device.run() } else { vision.run() }
  }

  /// - Returns: nil where the device failed.
  private func decode() -> [Detection]? {
    guard let device else { return vision.decode(threshold: threshold) }
    return device.decode(threshold: threshold)
  }

  /// Adds what a part of the frame shows to the result's detections and times: of a classification the best alone, of things found as many as there is room
  /// for.
  ///
  /// - Parameters:
  ///   - x, y: where the part's upper left pixel lies in the frame.
  ///   - box: what was found there; a classification's box is that.
  func add(_ part: ImageView, x: Int, y: Int, of box: Box, to result: FrameResult) -> FrameOutcome {
    let begin = MonotonicClock.now()
    let outcome = prepare(part, isPart: true)
    guard outcome == .prepared else { return .unprepared(outcome) }
    let prepared = MonotonicClock.now()
    run()
    let inferred = MonotonicClock.now()
    guard let all = decode() else { return .deviceFailed }
    if manifest.task == .classification {
      if var found = all.first {
        found.box = box
        result.add(found)
      }
    } else {
      for var found in all {
        found.box.x += Float(x)
        found.box.y += Float(y)
        result.add(found)
      }
    }
    if !isComplete { result.isComplete = false }
    result.modelRuns += 1
    result.timings.preparation += begin.duration(to: prepared)
    result.timings.inference += prepared.duration(to: inferred)
    result.timings.decoding += inferred.duration(to: MonotonicClock.now())
    return .seen
  }
}

/// What became of a frame, or of a part of one.
enum FrameOutcome: Equatable {
  case seen
  /// Its pixels can't be used.
  case unprepared(PreparationOutcome)
  /// Nobody looked at it: what would run the model doesn't any more.
  case deviceFailed
  /// Nobody looked at it: it had waited too long when its turn came.
  case late

  /// For a person.
  var explanation: String {
    switch self {
    case .seen: "nothing is wrong"
    case .unprepared(let outcome): outcome.explanation
    case .deviceFailed: "the device that runs the model has failed"
    case .late: "it had waited too long"
    }
  }
}

extension FrameResult {
  /// Most detections of a frame whose parts were looked at.
  static let partsLimit = 1000

  /// Adds a detection where there is room, else counts it.
  fileprivate func add(_ found: Detection) {
    if detections.count < Self.partsLimit { detections.append(found) } else { leftOut += 1 }
  }

  /// Notes which frame it is of.
  ///
  /// - Returns: the present moment.
  func begin(_ frame: borrowing Frame) -> MonotonicInstant {
    let taken = MonotonicClock.now()
    frameNumber = frame.sequence
    capturedAt = frame.capturedAtWallTime
    takenAt = frame.capturedAt
    groundTruth = frame.groundTruth
    (isReused, leftOut, modelRuns, batchCount, isComplete, isPreparedAside) = (false, 0, 1, 1, true, false)
    timings = FrameTimings()
    timings.waiting = frame.capturedAt < taken ? frame.capturedAt.duration(to: taken) : .zero
    return taken
  }
}
