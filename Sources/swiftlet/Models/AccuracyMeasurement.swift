import CPUExecution
import Imaging
import ModelManifest
import ObjectDetection

/// A model on its way through labelled images.
struct AccuracyMeasurement {
  let data: LabelledDataset
  let vision: VisionModel<CPUBackend>
  private let detectionThreshold: Float

  /// - Parameter data: labelled for the model's task.
  init(_ package: ModelPackage, _ data: LabelledDataset, threads: Int) throws {
    self.data = data
    vision = try VisionModel<CPUBackend>(package, options: CPUOptions(threads: threads))
    detectionThreshold = vision.decoder.suppression.scoreThreshold
    if data.form.hasBoxes { vision.decoder.suppression = DetectionAccuracy.suppression }
  }

  /// - Parameter saturation: sees every image, too.
  func run(label: String = "evaluating", watching saturation: InputSaturation? = nil) throws -> AccuracyOutcome {
    var shown: [AccuracyOutcome.Shown] = []
    var detection = DetectionAccuracy()
    var classification = ClassificationAccuracy()
    let progress = ProgressLine(label: label, total: data.items.count)
    for item in data.items {
      let image = try RGBImage(contentsOf: item.imagePath)
      saturation?.add(image)
      let outcome = image.withView { vision.prepare($0) }
      guard outcome == .prepared else { throw CommandFailure("\(item.imagePath): can't be prepared: \(outcome)") }
      vision.run()
      if let failure = vision.session.failure { throw failure }
      if case .label(let truth) = item.truth {
        let ranking = vision.decode(threshold: 0) ?? []
        classification.add(ranking, truth: truth)
        shown.append(.found(ranking))
      } else {
        let found = vision.decode(threshold: DetectionAccuracy.suppression.scoreThreshold) ?? []
        detection.add(found, truth: item.boxes(imageWidth: image.width, imageHeight: image.height))
        shown.append(.found(found.filter { $0.score >= detectionThreshold }))
      }
      progress.advance()
    }
    progress.end()
    return AccuracyOutcome(
      accuracy: vision.manifest.task == .detection ? .detection(detection) : .classification(classification), shown: shown)
  }
}
