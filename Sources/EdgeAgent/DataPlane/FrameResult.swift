public import Capture
public import Inspection
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
  /// Of each detection the number of its track, 0 without one; empty without tracking.
  public internal(set) var tracks: [UInt64] = []
  /// What the pipeline's rules decided, and about which parts.
  public internal(set) var ruleEvents: [RuleEvent] = []
  public internal(set) var outcomes: [PartOutcome] = []
  /// Whether it is a frame's. What is decided because no frame comes has a result without one.
  public internal(set) var isFrame = true
  /// The rule of which a picture is being made; -1 where none is.
  var snapshotRule = -1
  /// When the frame was captured.
  var takenAt = MonotonicInstant(nanoseconds: 0)
  /// What a simulated frame truly shows; nil for a real one.
  public internal(set) var groundTruth: [GroundTruthBox]?
  public internal(set) var timings = FrameTimings()
  /// Whether the scene was unchanged, and the detections are those of a frame before.
  public internal(set) var isReused = false
  /// What was to be looked at in the frame and wasn't: parts beyond the limit, too small or too late, and detections for which there was no room.
  public internal(set) var leftOut = 0
  /// Whether everything that the model found above the threshold is among the detections.
  var isComplete = true
  /// Frames, of other pipelines, too, that the model saw in the same run.
  public internal(set) var batchCount = 1
  /// Whether the processor made the model's input of it, though a device runs the model.
  var isPreparedAside = false
  /// Times that the model ran for it.
  var modelRuns = 1

  init(pipeline: PipelineDescription, detectionLimit: Int) {
    self.pipeline = pipeline
    detections.reserveCapacity(detectionLimit)
  }

  /// For what an inspector says of a frame.
  func reserveForInspection() {
    tracks.reserveCapacity(ObjectTracker.detectionLimit)
    ruleEvents.reserveCapacity(InspectionSettings.ruleLimit * 2)
    outcomes.reserveCapacity(InspectionSettings.outcomeLimit)
  }

  /// Takes over what was decided. Allocates nothing where there was room reserved.
  func take(_ inspector: borrowing Inspector) {
    tracks.removeAll(keepingCapacity: true)
    ruleEvents.removeAll(keepingCapacity: true)
    outcomes.removeAll(keepingCapacity: true)
    for at in 0..<inspector.identities.count { tracks.append(inspector.identities[at]) }
    for at in 0..<inspector.ruleEvents.count { ruleEvents.append(inspector.ruleEvents[at]) }
    for at in 0..<inspector.outcomes.count { outcomes.append(inspector.outcomes[at]) }
  }

  /// Whether this frame gives a message.
  public var isReported: Bool { isFrame && (pipeline.reporting == .all || !detections.isEmpty) }
}
