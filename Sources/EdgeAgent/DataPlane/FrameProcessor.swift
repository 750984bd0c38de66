import CPUExecution
import Capture
import Imaging
import Inspection
import ModelManifest
import ObjectDetection
import Pipelines

/// A loaded model as a pipeline uses it: a frame in, its detections and the time of each stage out. One thread at a time; after
/// it is made it neither throws nor allocates.
final class FrameProcessor: @unchecked Sendable {
  private let vision: VisionModel<CPUBackend>
  private let threshold: Float?
  /// What is decided about its frames; nil where nothing is.
  let plan: InspectionPlan?

  /// - Parameters:
  ///   - threshold: the least score; the package's own where nil.
  ///   - threads: threads that run the model.
  ///   - inspection: what is to be decided about its frames.
  /// - Throws: `model`, where the package is one that a camera's frames can't go through; `configuration`, where it hasn't what rules ask for.
  init(_ package: ModelPackage, threshold: Double?, threads: Int, inspection: InspectionSettings = InspectionSettings()) throws(EdgeAgentError) {
    guard package.manifest.sound == nil else {
      throw EdgeAgentError(.model, "\(package.origin): hears and sees nothing: a pipeline with this model needs \"microphone\" instead of \"camera\"")
    }
    do throws(ObjectDetectionError) { vision = try VisionModel(package, options: CPUOptions(threads: threads)) } catch {
      throw EdgeAgentError(.model, error.message)
    }
    guard !inspection.isEmpty else {
      (self.threshold, plan) = (threshold.map { Float($0) }, nil)
      return
    }
    do throws(InspectionError) {
      let plan = try InspectionPlan(
        inspection, labels: vision.manifest.labels, isClassification: vision.decoder.isClassification,
        threshold: threshold.map { Float($0) } ?? vision.decoder.suppression.scoreThreshold)
      (self.threshold, self.plan) = (plan.decodingThreshold(inspection), plan)
    } catch { throw EdgeAgentError(.configuration, "\(package.origin): \(error.explanation)", setting: "rules") }
  }

  /// Run-time indices outside their tensors, over all frames so far.
  var faultCount: UInt64 { vision.session.faultCount }

  /// Frames so far whose outputs or boxes held infinities or what is no number.
  var nonFiniteFrameCount: UInt64 { vision.nonFiniteFrameCount }

  var manifest: Manifest { vision.manifest }

  /// Most detections of a frame.
  var detectionLimit: Int { vision.decoder.suppression.limit }

  /// Fills the result from the frame, gives the frame back as soon as its pixels are read, and notes the time of each stage.
  ///
  /// - Returns: what was wrong with the frame, where it could not be used; the result is then meaningless.
  func process(_ frame: consuming Frame, into result: FrameResult) -> PreparationOutcome {
    let taken = MonotonicClock.now()
    result.frameNumber = frame.sequence
    result.capturedAt = frame.capturedAtWallTime
    result.takenAt = frame.capturedAt
    result.groundTruth = frame.groundTruth
    result.timings.waiting = frame.capturedAt < taken ? frame.capturedAt.duration(to: taken) : .zero
    let outcome = prepare(frame.view, into: result, from: taken)
    _ = consume frame
    guard outcome == .prepared else { return outcome }
    finish(into: result)
    return .prepared
  }

  /// The first stage: pixels into the model's input.
  func prepare(_ view: ImageView, into result: FrameResult, from begin: MonotonicInstant) -> PreparationOutcome {
    let outcome = vision.prepare(view)
    result.timings.preparation = begin.duration(to: MonotonicClock.now())
    return outcome
  }

  /// The stages that need no pixels any more.
  func finish(into result: FrameResult) {
    let prepared = MonotonicClock.now()
    vision.run()
    let inferred = MonotonicClock.now()
    result.frameWidth = vision.mapping.frameWidth
    result.frameHeight = vision.mapping.frameHeight
    result.detections.removeAll(keepingCapacity: true)
    result.detections.append(contentsOf: vision.decode(threshold: threshold))
    result.timings.inference = prepared.duration(to: inferred)
    result.timings.decoding = inferred.duration(to: MonotonicClock.now())
  }
}
