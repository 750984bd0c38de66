import CPUExecution
import ModelManifest
import ObjectDetection
import Transcription

/// How well a model tells single sounds apart.
struct SoundMeasurement {
  let accuracy: ClassificationAccuracy
  /// The share of sounds for which `transcribe` would write what it should.
  let clear: Double
  /// Of each sound, best first.
  let rankings: [[Detection]]

  init(_ package: ModelPackage, _ data: LabelledSounds, threads: Int, label: String) throws {
    let classifier = try SoundClassifier<CPUBackend>(package, options: CPUOptions(threads: threads))
    var (accuracy, rankings, clear): (ClassificationAccuracy, [[Detection]], Int) = (ClassificationAccuracy(), [], 0)
    let progress = ProgressLine(label: label, total: data.items.count)
    for item in data.items {
      let candidates = try classifier.candidates(WholeSound.samples(of: item.path, sampleRate: classifier.sampleRate))
      let ranking = candidates.map { Detection(label: $0.label, score: $0.probability, box: Box(x: 0, y: 0, width: 0, height: 0)) }
      accuracy.add(ranking, truth: item.label)
      rankings.append(ranking)
      // What is no word is right where nothing is written.
      let written = candidates.first.flatMap { classifier.isWritten($0) ? $0.label : nil }
      if written == (classifier.isWord(item.label) ? item.label : nil) { clear += 1 }
      progress.advance()
    }
    progress.end()
    (self.accuracy, self.rankings, self.clear) = (accuracy, rankings, Double(clear) / Double(data.items.count))
  }

  var outcome: AccuracyOutcome { AccuracyOutcome(accuracy: .classification(accuracy), shown: rankings.map { .found($0) }) }
}
