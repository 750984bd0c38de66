import ArgumentParser
import CPUExecution
import Imaging
import ModelManifest
import ObjectDetection
import Transcription

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model's accuracy on labelled images or spoken clips.",
    discussion: """
      Detection: mean average precision over every box above 0.01, class-wise suppression at an overlap of 0.6, whatever the \
      recipe says. Classification: how often the right class is first, or among five. Sounds too, a folder a class. Transcription: word and character \
      error rates over all clips, in lower case and without punctuation, and seconds of work a second of sound.

      Examples: swiftlet evaluate yolox-nano.swiftlet coco/
                swiftlet evaluate int8.swiftlet coco/ --against fp32.swiftlet --report report/
                swiftlet evaluate mobilenet.swiftlet imagenet/ --labels names
                swiftlet evaluate quartznet.swiftlet recordings/
      """)

  enum LabelForm: String, ExpressibleByArgument, CaseIterable {
    case yolo, corners, folders, names
    var form: LabelledDataset.Form {
      switch self {
      case .yolo: .yolo
      case .corners: .corners
      case .folders: .folders
      case .names: .names
      }
    }
  }

  @Argument(help: "A package, or an ONNX or TFLite file.")
  var model: String

  @Argument(
    help: ArgumentHelp(
      "images/ with labels/, a folder a class, or images with the class in their names; sounds with transcripts.tsv (file, tab, text) or NAME.txt beside each.",
      valueName: "dataset"))
  var dataset: String

  @OptionGroup var source: ModelSourceOptions

  @Option(help: "yolo (class cx cy w h, relative), corners (x1 y1 x2 y2 class, pixels, from 1), folders, names; found out where it can be.")
  var labels: LabelForm?

  @Option(help: ArgumentHelp("Another form of the model, say its float one: what changes from that to this, with a confidence interval.", valueName: "model"))
  var against: String?

  @Option(
    help: ArgumentHelp(
      "With --against: a page with the comparison and the images or sounds that differ most, as index.html and report.json.", valueName: "folder"))
  var report: String?

  @OptionGroup var activity: VoiceActivityOptions

  @OptionGroup var ahead: LookAheadOption

  @Option(help: "Threads that share the work.")
  var threads = 2

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    guard 1...64 ~= threads else { throw ValidationError("--threads is 1 to 64") }
  }

  func run() throws {
    guard report == nil || against != nil else {
      throw CommandFailure("--report shows how two models differ: name the other one, --against MODEL", status: .wrongUse)
    }
    if let report { try ReportFolder.check(report) }
    let package = try package(at: model)
    let manifest = package.manifest
    let otherPackage = try against.map { try self.package(at: $0, like: manifest) }
    if manifest.task == .transcription { return try evaluateSpeech(package, against: otherPackage) }
    if manifest.task == .classification, manifest.sound != nil { return try evaluateSounds(package, against: otherPackage) }
    guard activity.voiceActivity == nil, activity.pause == nil, ahead.window == nil else {
      throw CommandFailure("\(model) is for \(manifest.task.rawValue): --voice-activity, --pause and --look-ahead are for speech", status: .wrongUse)
    }
    let data = try EvaluationData.load(dataset, form: labels, for: model, task: manifest.task, labels: manifest.labels)
    let measure = { (package: ModelPackage, path: String, label: String) throws in
      let saturation = InputSaturation(package)
      let outcome = try AccuracyMeasurement(package, data, threads: threads).run(label: label, watching: saturation)
      if let warning = saturation?.warning { Terminal.note("\(path): \(warning)") }
      return outcome
    }
    guard let against, let otherPackage else {
      return show(try measure(package, model, "evaluating").accuracy, manifest, imageCount: data.items.count)
    }
    let forms = ComparedForms.models(against, model)
    let comparison = AccuracyComparison(
      float: try measure(otherPackage, against, "evaluating \(forms.first)"), quantised: try measure(package, model, "evaluating \(forms.second)"),
      on: .images(data),
      manifest, of: forms)
    Terminal.show(json ? "\(comparison.json.text)\n" : comparison.text)
    if let report {
      try comparison.write(to: report, title: "\(FilePath.name(of: model)) against \(FilePath.name(of: against)) on \(FilePath.name(of: dataset))")
    }
  }

  /// A model that knows its task and labels. A model file takes the recipe that was given; a package brings its own.
  private func package(at path: String) throws -> ModelPackage {
    // With --against, a recipe may be the other model's.
    if try FileStart.isPackage(path), against != nil { return try ModelPackage(contentsOf: path) }
    guard try source.recipe != nil || FileStart.isPackage(path) else {
      throw CommandFailure("\(path) is a model file, which names neither task nor labels: give its recipe, --recipe FILE", status: .wrongUse)
    }
    return try source.packageWithOpenSizes(at: path)
  }

  /// The model to compare with.
  private func package(at path: String, like manifest: Manifest) throws -> ModelPackage {
    let package = try package(at: path)
    guard package.manifest.labels == manifest.labels, package.manifest.task == manifest.task else {
      let hint = try FileStart.isPackage(path) ? "" : "; --recipe is to be the one that \(model) was compiled with"
      throw CommandFailure("\(path) has other labels or another task than \(model): they can't be compared\(hint)", status: .wrongUse)
    }
    return package
  }

  private func show(_ accuracy: ModelAccuracy, _ manifest: Manifest, imageCount: Int) {
    switch accuracy {
    // Speech has a report of its own.
    case .transcription: return
    case .detection(let accuracy): show(accuracy, manifest)
    case .classification(let accuracy):
      if json {
        let report = JSON.object([("top1", .number(accuracy.top1)), ("top5", .number(accuracy.top5)), ("images", .integer(imageCount))])
        Terminal.show("\(report.text)\n")
      } else {
        Terminal.show("top-1 \(DemoTable.decimal(accuracy.top1, 4)), top-5 \(DemoTable.decimal(accuracy.top5, 4)) over \(imageCount) images\n")
      }
    }
  }

  private func show(_ accuracy: DetectionAccuracy, _ manifest: Manifest) {
    if json {
      let report = JSON.object([
        ("map50", .number(accuracy.meanAveragePrecision50)), ("map50_95", .number(accuracy.meanAveragePrecision50To95)),
        ("images", .integer(accuracy.imageCount)),
        ("classes", .object(accuracy.presentLabels.map { (manifest.label($0), .number(accuracy.averagePrecision50(label: $0) ?? 0)) })),
      ])
      Terminal.show("\(report.text)\n")
      return
    }
    let (loose, strict) = (DemoTable.decimal(accuracy.meanAveragePrecision50, 4), DemoTable.decimal(accuracy.meanAveragePrecision50To95, 4))
    Terminal.show("mAP@0.5 \(loose), mAP@0.5:0.95 \(strict) over \(accuracy.imageCount) images\n")
    for label in accuracy.presentLabels {
      Terminal.show("  \(DemoTable.decimal(accuracy.averagePrecision50(label: label) ?? 0, 4))  \(manifest.label(label))\n")
    }
  }
}
