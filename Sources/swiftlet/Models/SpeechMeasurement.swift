import CPUExecution
import ModelManifest
import ObjectDetection
import SoundFiles
import Transcription

/// How well a model writes down what is said in a data set's clips.
struct SpeechMeasurement {
  let data: SpokenDataset
  /// Of each clip.
  let heard: [String]
  let accuracy: SpeechAccuracy
  /// Seconds of sound.
  let duration: Double
  /// Seconds of work a second of sound, from opening each file to its text.
  let realTimeFactor: Double

  /// - Throws: for a clip that can't be read: what is missing would make the rest look better or worse.
  init(
    _ speech: any SpeechRecogniser, _ data: SpokenDataset, utterancesBy search: UtteranceSearch?, label: String
  ) throws {
    var (heard, accuracy): ([String], SpeechAccuracy) = ([], SpeechAccuracy())
    var (duration, work) = (0.0, 0.0)
    let progress = ProgressLine(label: label, total: data.clips.count)
    for clip in data.clips {
      let transcript = try SoundTranscript(clip.path, by: speech, utterancesBy: search)
      accuracy.add(said: clip.said, heard: transcript.text)
      heard.append(transcript.text)
      duration += transcript.duration
      work += transcript.realTimeFactor * transcript.duration
      progress.advance()
    }
    progress.end()
    (self.data, self.heard, self.accuracy, self.duration) = (data, heard, accuracy, duration)
    realTimeFactor = work / duration
  }

  var outcome: AccuracyOutcome { AccuracyOutcome(accuracy: .transcription(accuracy), shown: heard.map { .heard($0) }) }

  /// Clips that a text report shows.
  private static let shownCount = 5

  /// The middle 95 % of the word error rate over draws of the clips.
  private var interval: ClosedRange<Double> { Bootstrap.interval(imageCount: data.clips.count, accuracy.resampledWordErrorRate()) }

  var text: String {
    let (words, interval) = (accuracy.allWords, interval)
    var text = "word error rate \(percent(accuracy.wordErrorRate)) (\(words.edits) of \(words.length) words: \(words.substitutions) changed, "
    text += "\(words.deletions) left out, \(words.insertions) put in; 95 % of draws \(percent(interval.lowerBound)) to "
    text += "\(percent(interval.upperBound))), character error rate \(percent(accuracy.characterErrorRate))\n"
    text += "\(data.clips.count) clips of \(DemoTable.decimal(duration, 1)) s, real-time factor \(DemoTable.decimal(realTimeFactor, 3))\n"
    let worst = data.clips.indices.filter { accuracy.words[$0].edits > 0 }.sorted { accuracy.words[$0].edits > accuracy.words[$1].edits }
    for index in worst.prefix(Self.shownCount) {
      text += "  \(accuracy.words[index].edits) of \(accuracy.words[index].length)  \(data.clips[index].path)\n"
      text += "    said:  \(data.clips[index].said)\n    heard: \(heard[index])\n"
    }
    if worst.count > Self.shownCount { text += "  and \(worst.count - Self.shownCount) more clips with errors; --json names all\n" }
    return text
  }

  /// Of a JSON object.
  var members: [(String, JSON)] {
    let clips = data.clips.indices.map { index in
      JSON.object([
        ("file", .string(data.clips[index].path)), ("said", .string(data.clips[index].said)), ("heard", .string(heard[index])),
        ("errors", .integer(accuracy.words[index].edits)), ("words", .integer(accuracy.words[index].length)),
      ])
    }
    let (words, interval) = (accuracy.allWords, interval)
    return [
      ("word_error_rate", .number(accuracy.wordErrorRate)), ("word_error_rate_low", .number(interval.lowerBound)),
      ("word_error_rate_high", .number(interval.upperBound)), ("character_error_rate", .number(accuracy.characterErrorRate)),
      ("words", .integer(words.length)), ("substitutions", .integer(words.substitutions)), ("deletions", .integer(words.deletions)),
      ("insertions", .integer(words.insertions)), ("duration", .number(duration)), ("real_time_factor", .number(realTimeFactor)), ("clips", .array(clips)),
    ]
  }

  /// What changes from another model to this one on the same clips.
  struct Change {
    let (from, to): (Double, Double)
    let interval: ClosedRange<Double>
    /// Clips whose text is another one.
    let differing: Int

    init(from other: SpeechMeasurement, to measurement: SpeechMeasurement) {
      let (before, after) = (other.accuracy.resampledWordErrorRate(), measurement.accuracy.resampledWordErrorRate())
      (from, to) = (other.accuracy.wordErrorRate, measurement.accuracy.wordErrorRate)
      interval = Bootstrap.interval(imageCount: measurement.data.clips.count) { after($0) - before($0) }
      differing = zip(other.heard, measurement.heard).count { $0 != $1 }
    }

    func text(_ forms: ComparedForms) -> String {
      """
      word error rate: \(forms.first) \(percent(from)), \(forms.second) \(percent(to)), change \(DemoTable.decimal(100 * (to - from), 2)) points \
      (95 % of draws \(DemoTable.decimal(100 * interval.lowerBound, 2)) to \(DemoTable.decimal(100 * interval.upperBound, 2))); \
      \(differing) clip(s) with another text

      """
    }

    var members: [(String, JSON)] {
      [
        ("against_word_error_rate", .number(from)), ("change", .number(to - from)), ("change_low", .number(interval.lowerBound)),
        ("change_high", .number(interval.upperBound)), ("differing_clips", .integer(differing)),
      ]
    }
  }
}

private func percent(_ share: Double) -> String { "\(DemoTable.decimal(100 * share, 2)) %" }
