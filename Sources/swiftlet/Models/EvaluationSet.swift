import ModelManifest
import ObjectDetection
import Transcription

/// What a model's accuracy is counted on, as its task asks.
enum EvaluationSet {
  case images(LabelledDataset)
  /// Single sounds, each of one class.
  case sounds(LabelledSounds)
  /// Clips with what is spoken in them.
  case speech(SpokenDataset)

  /// Of each image or sound, as outcomes have them.
  var paths: [String] {
    switch self {
    case .images(let data): data.items.map(\.imagePath)
    case .sounds(let data): data.items.map(\.path)
    case .speech(let data): data.clips.map(\.path)
    }
  }

  var sample: AccuracyReport.Sample {
    switch self {
    case .images: .image
    case .sounds, .speech: .sound
    }
  }

  /// What is spoken in a clip; nil where that isn't counted.
  func said(in index: Int) -> String? { if case .speech(let data) = self { data.clips[index].said } else { nil } }

  /// - Parameter package: of the task for which the set is labelled.
  func outcome(of package: ModelPackage, threads: Int, label: String) throws -> AccuracyOutcome {
    switch self {
    case .images(let data): return try AccuracyMeasurement(package, data, threads: threads).run(label: label)
    case .sounds(let data): return try SoundMeasurement(package, data, threads: threads, label: label).outcome
    case .speech(let data):
      let speech = try SpeechRecognition.recogniser(package, named: package.origin, threads: threads)
      return try SpeechMeasurement(speech, data, utterancesBy: nil, label: label).outcome
    }
  }
}
