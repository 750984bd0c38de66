import ModelManifest
import ObjectDetection
import Transcription

/// Models that hear.
extension EvaluateCommand {
  /// The page of a comparison, where one is asked for.
  private func writeReport(
    from first: AccuracyOutcome, to second: AccuracyOutcome, on data: EvaluationSet, _ manifest: Manifest, _ forms: ComparedForms
  ) throws {
    guard let report, let against else { return }
    let comparison = AccuracyComparison(float: first, quantised: second, on: data, manifest, of: forms)
    try comparison.write(to: report, title: "\(FilePath.name(of: model)) against \(FilePath.name(of: against)) on \(FilePath.name(of: dataset))")
  }

  func evaluateSpeech(_ package: ModelPackage, against otherPackage: ModelPackage?) throws {
    try EvaluationData.refuse(labels, of: model)
    let data = try EvaluationData.spoken(dataset)
    func measured(_ package: ModelPackage, _ path: String, _ label: String) throws -> SpeechMeasurement {
      let speech = try SpeechRecognition.recogniser(package, named: path, threads: threads, window: ahead.window)
      return try SpeechMeasurement(speech, data, utterancesBy: activity.search(for: speech, of: path), label: label)
    }
    guard let against, let otherPackage else {
      let measurement = try measured(package, model, "evaluating")
      return Terminal.show(json ? "\(JSON.object(measurement.members).text)\n" : measurement.text)
    }
    let forms = ComparedForms.models(against, model)
    let other = try measured(otherPackage, against, "evaluating \(forms.first)")
    let measurement = try measured(package, model, "evaluating \(forms.second)")
    let change = SpeechMeasurement.Change(from: other, to: measurement)
    Terminal.show(json ? "\(JSON.object(measurement.members + change.members).text)\n" : measurement.text + change.text(forms))
    try writeReport(from: other.outcome, to: measurement.outcome, on: .speech(data), package.manifest, forms)
  }

  func evaluateSounds(_ package: ModelPackage, against otherPackage: ModelPackage?) throws {
    try EvaluationData.refuse(labels, of: model)
    guard activity.voiceActivity == nil, activity.pause == nil, ahead.window == nil else {
      throw CommandFailure("\(model) tells single sounds apart: --voice-activity, --pause and --look-ahead are for transcripts", status: .wrongUse)
    }
    let data = try LabelledSounds(path: dataset, labels: package.manifest.labels)
    let measurement = try SoundMeasurement(package, data, threads: threads, label: "evaluating")
    let (accuracy, clear) = (measurement.accuracy, measurement.clear)
    var members: [(String, JSON)] = [
      ("top1", .number(accuracy.top1)), ("top5", .number(accuracy.top5)), ("clear", .number(clear)), ("sounds", .integer(data.items.count)),
    ]
    var text = "top-1 \(DemoTable.decimal(accuracy.top1, 4)), top-5 \(DemoTable.decimal(accuracy.top5, 4)) over \(data.items.count) sounds; "
    text += "\(DemoTable.decimal(clear, 4)) are written as they should be\n"
    var other: (outcome: AccuracyOutcome, forms: ComparedForms)?
    if let against, let otherPackage {
      let forms = ComparedForms.models(against, model)
      let second = try SoundMeasurement(otherPackage, data, threads: threads, label: "evaluating \(forms.first)")
      other = (second.outcome, forms)
      let (before, after) = (second.accuracy.resampled(), accuracy.resampled())
      let change = Bootstrap.interval(imageCount: data.items.count) { after($0) - before($0) }
      members += [
        ("against_top1", .number(second.accuracy.top1)), ("change", .number(accuracy.top1 - second.accuracy.top1)), ("change_low", .number(change.lowerBound)),
        ("change_high", .number(change.upperBound)),
      ]
      text += "top-1: \(forms.first) \(DemoTable.decimal(second.accuracy.top1, 4)), \(forms.second) \(DemoTable.decimal(accuracy.top1, 4)), change "
      text += "\(DemoTable.decimal(100 * (accuracy.top1 - second.accuracy.top1), 2)) points (95 % of draws \(DemoTable.decimal(100 * change.lowerBound, 2)) to "
      text += "\(DemoTable.decimal(100 * change.upperBound, 2)))\n"
    }
    Terminal.show(json ? "\(JSON.object(members).text)\n" : text)
    if let other { try writeReport(from: other.outcome, to: measurement.outcome, on: .sounds(data), package.manifest, other.forms) }
  }
}
