import CPUExecution
import Capture
import Imaging
import Inference
import ModelManifest
import ObjectDetection
import Pipelines

/// A loaded model with everything that turns a frame into detections. One thread at a time; after it is made it neither throws
/// nor allocates.
final class FrameProcessor: @unchecked Sendable {
  let manifest: Manifest
  private let session: Session<CPUBackend>
  private let preparation: ImagePreparation
  private let decoder: DetectionDecoder
  private let threshold: Float?

  /// - Parameters:
  ///   - threshold: the least score; the package's own where nil.
  ///   - threads: threads that run the model.
  /// - Throws: `model`, where the package is one that a camera's frames can't go through.
  init(_ package: ModelPackage, threshold: Double?, threads: Int) throws(EdgeAgentError) {
    manifest = package.manifest
    self.threshold = threshold.map { Float($0) }
    do {
      session = try unsafe Session<CPUBackend>(program: package.program, weights: package.weights, owner: package, options: CPUOptions(threads: threads))
    } catch { throw EdgeAgentError(.model, "\(package.origin): \(error.message)") }
    guard let input = package.manifest.input, package.program.inputs.count == 1, package.program.inputs[0].name == input.tensor else {
      throw EdgeAgentError(.model, "\(package.origin): takes no single image; compile it with a recipe that says how its input is prepared")
    }
    do {
      let tensor = package.program.tensors[Int(package.program.inputs[0].tensor)]
      preparation = try ImagePreparation(input: input, tensor: tensor)
    } catch { throw EdgeAgentError(.model, "\(package.origin): \(error.message)") }
    do {
      guard let decoder = try DetectionDecoder(manifest: package.manifest, program: package.program) else {
        throw EdgeAgentError(.model, "\(package.origin): gives raw tensors; compile it with a recipe that says how they are decoded")
      }
      self.decoder = decoder
    } catch let error as EdgeAgentError { throw error } catch let error as ObjectDetectionError {
      throw EdgeAgentError(.model, "\(package.origin): \(error.message)")
    } catch { throw EdgeAgentError(.model, "\(package.origin): \(error)") }
  }

  /// Most detections of a frame.
  var detectionLimit: Int { decoder.suppression.limit }

  /// Fills the result from the frame, gives the frame back as soon as its pixels are read, and notes the time of each stage.
  ///
  /// - Returns: what was wrong with the frame, where it could not be used; the result is then meaningless.
  func process(_ frame: consuming Frame, into result: FrameResult) -> PreparationOutcome {
    let taken = MonotonicClock.now()
    result.frameNumber = frame.sequence
    result.capturedAt = frame.capturedAtWallTime
    result.groundTruth = frame.groundTruth
    result.timings.waiting = frame.capturedAt < taken ? frame.capturedAt.duration(to: taken) : .zero
    let outcome = unsafe preparation.prepare(frame.view, into: session.inputBytes(0))
    _ = consume frame
    guard outcome == .prepared else { return outcome }
    let prepared = MonotonicClock.now()
    session.run()
    let inferred = MonotonicClock.now()
    unsafe decoder.decode(mapping: preparation.mapping, threshold: threshold) { unsafe session.outputBytes($0) }
    result.frameWidth = preparation.mapping.frameWidth
    result.frameHeight = preparation.mapping.frameHeight
    result.detections.removeAll(keepingCapacity: true)
    result.detections.append(contentsOf: decoder.detections)
    let decoded = MonotonicClock.now()
    result.timings.preparation = taken.duration(to: prepared)
    result.timings.inference = prepared.duration(to: inferred)
    result.timings.decoding = inferred.duration(to: decoded)
    return .prepared
  }
}
