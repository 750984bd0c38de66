import CPUExecution
import ModelManifest
import ObjectDetection
import Transcription

/// Models that hear.
extension EvaluateCommand {
  func evaluateSpeech(_ package: ModelPackage, against otherPackage: ModelPackage?) throws {
    try refuseOptionsForImages()
    let data = try SpokenDataset(path: dataset)
    if data.untoldCount > 0 { Terminal.note("\(dataset): \(data.untoldCount) sound(s) were left out: nothing says what is spoken in them") }
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
  }

  func evaluateSounds(_ package: ModelPackage, against otherPackage: ModelPackage?) throws {
    try refuseOptionsForImages()
    guard activity.voiceActivity == nil, activity.pause == nil, ahead.window == nil else {
      throw CommandFailure("\(model) tells single sounds apart: --voice-activity, --pause and --look-ahead are for transcripts", status: .wrongUse)
    }
    let data = try LabelledSounds(path: dataset, labels: package.manifest.labels)
    let (accuracy, clear) = try classified(data, by: package)
    var members: [(String, JSON)] = [
      ("top1", .number(accuracy.top1)), ("top5", .number(accuracy.top5)), ("clear", .number(clear)), ("sounds", .integer(data.items.count)),
    ]
    var text = "top-1 \(DemoTable.decimal(accuracy.top1, 4)), top-5 \(DemoTable.decimal(accuracy.top5, 4)) over \(data.items.count) sounds; "
    text += "\(DemoTable.decimal(clear, 4)) are written as they should be\n"
    if let against, let otherPackage {
      let forms = ComparedForms.models(against, model)
      let (other, _) = try classified(data, by: otherPackage)
      let (before, after) = (other.resampled(), accuracy.resampled())
      let change = Bootstrap.interval(imageCount: data.items.count) { after($0) - before($0) }
      members += [
        ("against_top1", .number(other.top1)), ("change", .number(accuracy.top1 - other.top1)), ("change_low", .number(change.lowerBound)),
        ("change_high", .number(change.upperBound)),
      ]
      text += "top-1: \(forms.first) \(DemoTable.decimal(other.top1, 4)), \(forms.second) \(DemoTable.decimal(accuracy.top1, 4)), change "
      text += "\(DemoTable.decimal(100 * (accuracy.top1 - other.top1), 2)) points (95 % of draws \(DemoTable.decimal(100 * change.lowerBound, 2)) to "
      text += "\(DemoTable.decimal(100 * change.upperBound, 2)))\n"
    }
    Terminal.show(json ? "\(JSON.object(members).text)\n" : text)
  }

  /// - Returns: also the share of sounds for which `transcribe` would write what it should.
  private func classified(_ data: LabelledSounds, by package: ModelPackage) throws -> (ClassificationAccuracy, Double) {
    let classifier = try SoundClassifier<CPUBackend>(package, options: CPUOptions(threads: threads))
    var accuracy = ClassificationAccuracy()
    var clear = 0
    let progress = ProgressLine(label: "evaluating", total: data.items.count)
    for item in data.items {
      let candidates = try classifier.candidates(WholeSound.samples(of: item.path, sampleRate: classifier.sampleRate))
      accuracy.add(candidates.map { Detection(label: $0.label, score: $0.probability, box: Box(x: 0, y: 0, width: 0, height: 0)) }, truth: item.label)
      // What is no word is right where nothing is written.
      let written = candidates.first.flatMap { classifier.isWritten($0) ? $0.label : nil }
      if written == (classifier.isWord(item.label) ? item.label : nil) { clear += 1 }
      progress.advance()
    }
    progress.end()
    return (accuracy, Double(clear) / Double(data.items.count))
  }

  private func refuseOptionsForImages() throws {
    guard labels == nil, report == nil else { throw CommandFailure("\(model) hears: --labels and --report are for images", status: .wrongUse) }
  }
}
