import ObjectDetection
import Outbox

extension DetectionMessage {
  /// The message of a processed frame; boxes become shares of the frame.
  init(_ result: FrameResult) {
    let pipeline = result.pipeline
    let (width, height) = (Float(max(1, result.frameWidth)), Float(max(1, result.frameHeight)))
    let detections = result.detections.enumerated().map { at, found in
      let box = found.box
      let track = at < result.tracks.count ? result.tracks[at] : 0
      return Detection(
        label: pipeline.label(found.label), score: found.score,
        box: pipeline.isClassification ? nil : (box.x / width, box.y / height, box.width / width, box.height / height),
        track: track == 0 ? nil : track)
    }
    self.init(
      capturedAt: result.capturedAt, clock: .current(), frame: result.frameNumber, model: pipeline.modelName, modelVersion: pipeline.modelVersion,
      latencies: PipelineStage.allCases.map { StageLatency($0.rawValue, $0.duration(in: result.timings)) }, detections: detections)
    (isReused, leftOut) = (result.isReused, result.leftOut)
  }
}
