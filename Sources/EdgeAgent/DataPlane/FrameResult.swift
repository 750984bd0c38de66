public import Capture
public import ObjectDetection
public import Pipelines

/// What one processed frame came to. Made when the pipeline starts and used again and again; whoever is handed one reads it
/// inside the call only.
public final class FrameResult: @unchecked Sendable {
  public internal(set) var pipeline: PipelineDescription
  /// Counted by the camera.
  public internal(set) var frameNumber: UInt64 = 0
  public internal(set) var capturedAt = WallTime(microseconds: 0)
  /// Pixels of the frame, which boxes are relative to.
  public internal(set) var frameWidth = 0
  public internal(set) var frameHeight = 0
  /// Best first.
  public internal(set) var detections: [Detection] = []
  /// What a simulated frame truly shows; nil for a real one.
  public internal(set) var groundTruth: [GroundTruthBox]?
  public internal(set) var timings = FrameTimings()
  /// Whether the scene was unchanged, and the detections are those of a frame before.
  public internal(set) var isReused = false
  /// What was to be looked at in the frame and wasn't: parts beyond the limit, too small or too late, and detections for which there was no room.
  public internal(set) var leftOut = 0
  /// Times that the model ran for it.
  var modelRuns = 1

  init(pipeline: PipelineDescription, detectionLimit: Int) {
    self.pipeline = pipeline
    detections.reserveCapacity(detectionLimit)
  }

  /// Whether this frame gives a message.
  public var isReported: Bool { pipeline.reporting == .all || !detections.isEmpty }
}
