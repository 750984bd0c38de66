import ModelManifest
import ObjectDetection
import Transcription

/// How good a model is on what it was measured on, by what its task counts.
enum ModelAccuracy {
  case detection(DetectionAccuracy)
  case classification(ClassificationAccuracy)
  case transcription(SpeechAccuracy)

  /// The task's first measure, and its name.
  var metric: (name: String, value: Double) {
    switch self {
    case .detection(let accuracy): ("mAP@0.5", accuracy.meanAveragePrecision50)
    case .classification(let accuracy): ("top-1", accuracy.top1)
    case .transcription(let accuracy): (AccuracyReport.wordErrorRate, accuracy.wordErrorRate)
    }
  }

  /// By how much another form of the model is worse in the metric; below 0 where it is better.
  func cost(of other: ModelAccuracy) -> Double {
    let change = other.metric.value - metric.value
    return switch self {
    case .detection, .classification: -change
    case .transcription: change
    }
  }

  var presentLabels: [Int] {
    switch self {
    case .detection(let accuracy): accuracy.presentLabels
    case .classification(let accuracy): accuracy.presentLabels
    case .transcription: []
    }
  }

  /// A class's share in the metric.
  func value(label: Int) -> Double {
    switch self {
    case .detection(let accuracy): accuracy.averagePrecision50(label: label) ?? 0
    case .classification(let accuracy): accuracy.top1(label: label) ?? 0
    case .transcription: 0
    }
  }

  /// The metric as a function of how often each image or sound counts.
  func resampled() -> ([Int]) -> Double {
    switch self {
    case .detection(let accuracy): accuracy.resampled()
    case .classification(let accuracy): accuracy.resampled()
    case .transcription(let accuracy): accuracy.resampledWordErrorRate()
    }
  }

  /// What changes from this model to another on the same images or sounds.
  func report(against other: ModelAccuracy, count: Int, of sample: AccuracyReport.Sample, manifest: Manifest) -> AccuracyReport {
    let (float, quantised) = (resampled(), other.resampled())
    let change = Bootstrap.interval(imageCount: count) { quantised($0) - float($0) }
    var report = AccuracyReport(
      metric: metric.name, images: count, float: metric.value, quantised: other.metric.value, leastChange: change.lowerBound,
      greatestChange: change.upperBound,
      classes: presentLabels.map { AccuracyReport.ClassChange(label: manifest.label($0), float: value(label: $0), quantised: other.value(label: $0)) })
    if sample == .sound { report.sample = sample }
    if case .transcription(let first) = self, case .transcription(let second) = other {
      report.words = AccuracyReport.WordErrors(said: first.allWords.length, float: first.allWords.edits, quantised: second.allWords.edits)
    }
    return report
  }
}

/// What came of measuring a model.
struct AccuracyOutcome {
  /// What a user of the model would be given for one image or sound.
  enum Shown: Equatable {
    /// Best first; of a classification the ranking.
    case found([Detection])
    case heard(String)
  }

  var accuracy: ModelAccuracy
  /// Of each image or sound.
  var shown: [Shown]
}
