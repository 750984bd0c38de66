public import Imaging
public import ModelManifest
import Outbox
import Pipelines

/// What one frame costs an agent, stage by stage: from the pixels in a camera's buffer to the message as it is published.
public struct FrameCosts: Sendable {
  public enum Stage: String, Sendable, CaseIterable {
    /// Conversion and resizing into the input tensor; for a device only handing the pixels over.
    case preparation
    /// The model; of a device, what it does before, too.
    case inference
    /// Boxes and suppression.
    case decoding
    /// The message's JSON.
    case encoding
  }

  /// Milliseconds of each frame.
  private var samples: [Stage: [Double]] = [:]
  /// Of the last frame.
  public private(set) var detectionCount = 0
  public private(set) var payloadByteCount = 0

  /// Takes the same frame again and again, after a tenth of the time to warm up.
  /// - Parameter isOnDevice: whether the first CUDA device runs the model; `threads` then count for nothing.
  /// - Throws: `model`, where the package is one that a camera's frames can't go through, the view can't be read, or the device doesn't run it.
  public init(of view: ImageView, with package: ModelPackage, threads: Int, isOnDevice: Bool, duration: Duration) throws(EdgeAgentError) {
    try self.init(of: view, with: package, threads: threads, devices: isOnDevice ? ComputeDevices() : nil, duration: duration)
  }

  init(of view: ImageView, with package: ModelPackage, threads: Int, devices: ComputeDevices?, duration: Duration) throws(EdgeAgentError) {
    let processor = try FrameProcessor(
      package, threshold: nil, threads: threads, backend: devices == nil ? .cpu : .cuda, devices: devices,
      manners: LoadingManners(frameSize: (view.width, view.height)))
    guard devices == nil || processor.waitsForDevice else { throw EdgeAgentError(.model, processor.backend.reason) }
    let description = PipelineDescription(name: "bench", camera: "bench", reporting: .all, package.manifest)
    let result = FrameResult(pipeline: description, detectionLimit: processor.detectionLimit)
    let begin = MonotonicClock.now(), warmUp = duration / 10
    while true {
      let start = MonotonicClock.now()
      let elapsed = begin.duration(to: start)
      guard elapsed < warmUp + duration || samples.isEmpty else { break }
      let outcome = processor.prepare(view, into: result, from: start)
      guard outcome == .prepared else { throw EdgeAgentError(.model, "the frame can't be used: \(outcome.explanation)") }
      guard processor.finish(into: result) else {
        processor.leaveDevice()
        throw EdgeAgentError(.model, processor.backend.trouble ?? FrameOutcome.deviceFailed.explanation)
      }
      let decoded = MonotonicClock.now()
      let payload = DetectionMessage(result).encoded(as: MessageNumber(epoch: "0123456789abcdef", sequence: 1))
      let encoded = MonotonicClock.now()
      detectionCount = result.detections.count
      payloadByteCount = payload.count
      guard elapsed >= warmUp else { continue }
      add(.preparation, result.timings.preparation)
      add(.inference, result.timings.inference)
      add(.decoding, result.timings.decoding)
      add(.encoding, decoded.duration(to: encoded))
    }
  }

  private mutating func add(_ stage: Stage, _ duration: Duration) {
    samples[stage, default: []].append(duration / .milliseconds(1))
  }

  /// - Returns: the median of one stage's milliseconds.
  public func median(_ stage: Stage) -> Double {
    guard let sorted = samples[stage]?.sorted(), !sorted.isEmpty else { return 0 }
    return sorted[sorted.count / 2]
  }

  /// What share of a frame's time a stage takes, by medians.
  public func share(of stage: Stage) -> Double {
    let total = Stage.allCases.reduce(0) { $0 + median($1) }
    return total > 0 ? median(stage) / total : 0
  }

  /// What share of a frame's time is not the model's.
  public var shareOutsideModel: Double { 1 - share(of: .inference) }

  /// Frames that were measured.
  public var frameCount: Int { samples[.inference]?.count ?? 0 }
}
