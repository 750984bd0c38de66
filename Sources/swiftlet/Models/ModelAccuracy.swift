import CPUExecution
import Imaging
import ModelManifest
import ObjectDetection

/// How good a model is on a labelled data set, by what its task counts.
enum ModelAccuracy {
  case detection(DetectionAccuracy)
  case classification(ClassificationAccuracy)

  /// The task's first measure, and its name.
  var metric: (name: String, value: Double) {
    switch self {
    case .detection(let accuracy): ("mAP@0.5", accuracy.meanAveragePrecision50)
    case .classification(let accuracy): ("top-1", accuracy.top1)
    }
  }

  var presentLabels: [Int] {
    switch self {
    case .detection(let accuracy): accuracy.presentLabels
    case .classification(let accuracy): accuracy.presentLabels
    }
  }

  /// A class's share in the metric.
  func value(label: Int) -> Double {
    switch self {
    case .detection(let accuracy): accuracy.averagePrecision50(label: label) ?? 0
    case .classification(let accuracy): accuracy.top1(label: label) ?? 0
    }
  }

  /// The metric as a function of how often each image counts.
  func resampled() -> ([Int]) -> Double {
    switch self {
    case .detection(let accuracy): accuracy.resampled()
    case .classification(let accuracy): accuracy.resampled()
    }
  }

  /// What changes from this model to another on the same images.
  func report(against other: ModelAccuracy, imageCount: Int, manifest: Manifest) -> AccuracyReport {
    let (float, quantised) = (resampled(), other.resampled())
    let change = Bootstrap.interval(imageCount: imageCount) { quantised($0) - float($0) }
    return AccuracyReport(
      metric: metric.name, images: imageCount, float: metric.value, quantised: other.metric.value, leastChange: change.lowerBound,
      greatestChange: change.upperBound,
      classes: presentLabels.map { AccuracyReport.ClassChange(label: manifest.label($0), float: value(label: $0), quantised: other.value(label: $0)) })
  }
}

/// A model on its way through a labelled data set.
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

  /// What came of it.
  struct Outcome {
    var accuracy: ModelAccuracy
    /// For each image what a user of the model would be shown of it, best first.
    var shown: [[Detection]]
  }

  /// - Parameter saturation: sees every image, too.
  func run(label: String = "evaluating", watching saturation: InputSaturation? = nil) throws -> Outcome {
    var shown: [[Detection]] = []
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
        shown.append(ranking)
      } else {
        let found = vision.decode(threshold: DetectionAccuracy.suppression.scoreThreshold) ?? []
        detection.add(found, truth: item.boxes(imageWidth: image.width, imageHeight: image.height))
        shown.append(found.filter { $0.score >= detectionThreshold })
      }
      progress.advance()
    }
    progress.end()
    return Outcome(
      accuracy: vision.manifest.task == .detection ? .detection(detection) : .classification(classification), shown: shown)
  }
}
