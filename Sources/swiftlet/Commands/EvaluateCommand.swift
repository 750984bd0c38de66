import ArgumentParser
import CPUExecution
import Imaging
import ModelManifest
import ObjectDetection

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model's accuracy on labelled images.",
    discussion: """
      Detection: mean average precision over every box above 0.01, class-wise suppression at an overlap of 0.6, whatever the \
      recipe says. Classification: how often the right class is first, or among five.

      Examples: swiftlet evaluate yolox-nano.swiftlet coco/
                swiftlet evaluate mobilenet.swiftlet imagenet/ --labels names
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

  @Argument(help: ArgumentHelp("images/ with labels/, a folder a class, or images with the class in their names.", valueName: "dataset"))
  var dataset: String

  @OptionGroup var source: ModelSourceOptions

  @Option(help: "yolo (class cx cy w h, relative), corners (x1 y1 x2 y2 class, pixels, from 1), folders, names; found out where it can be.")
  var labels: LabelForm?

  @Option(help: "Threads that share the work.")
  var threads = 2

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    guard 1...64 ~= threads else { throw ValidationError("--threads is 1 to 64") }
  }

  func run() throws {
    let package = try source.package(at: model)
    let vision = try VisionModel<CPUBackend>(package, options: CPUOptions(threads: threads))
    let data = try LabelledDataset(path: dataset, form: labels?.form, labels: package.manifest.labels)
    let isDetection = data.form == .yolo || data.form == .corners
    guard isDetection == (package.manifest.task == .detection) else {
      let labelled = isDetection ? "detection" : "classification"
      throw CommandFailure("\(model) is for \(package.manifest.task.rawValue), \(dataset) is labelled for \(labelled)", status: .wrongUse)
    }
    if isDetection { try evaluateDetection(vision, data, package.manifest) } else { try evaluateClassification(vision, data) }
  }

  private func evaluateDetection(_ vision: VisionModel<CPUBackend>, _ data: LabelledDataset, _ manifest: Manifest) throws {
    var accuracy = DetectionAccuracy()
    vision.decoder.suppression = DetectionAccuracy.suppression
    try forEach(data, vision) { item, image in
      let found = vision.decode(threshold: DetectionAccuracy.suppression.scoreThreshold)
      accuracy.add(found, truth: item.boxes(imageWidth: image.width, imageHeight: image.height))
    }
    if json {
      let report = JSON.object([
        ("map50", .number(accuracy.meanAveragePrecision50)), ("map50_95", .number(accuracy.meanAveragePrecision50To95)),
        ("images", .integer(accuracy.imageCount)),
        ("classes", .object(accuracy.presentLabels.map { (manifest.label($0), .number(accuracy.averagePrecision50(label: $0) ?? 0)) })),
      ])
      Terminal.show("\(report.text)\n")
      return
    }
    let (loose, strict) = (rounded(accuracy.meanAveragePrecision50), rounded(accuracy.meanAveragePrecision50To95))
    Terminal.show("mAP@0.5 \(loose), mAP@0.5:0.95 \(strict) over \(accuracy.imageCount) images\n")
    for label in accuracy.presentLabels {
      Terminal.show("  \(rounded(accuracy.averagePrecision50(label: label) ?? 0))  \(manifest.label(label))\n")
    }
  }

  private func evaluateClassification(_ vision: VisionModel<CPUBackend>, _ data: LabelledDataset) throws {
    var accuracy = ClassificationAccuracy()
    try forEach(data, vision) { item, _ in
      guard case .label(let truth) = item.truth else { return }
      accuracy.add(vision.decode(threshold: 0), truth: truth)
    }
    if json {
      let report = JSON.object([("top1", .number(accuracy.top1)), ("top5", .number(accuracy.top5)), ("images", .integer(accuracy.imageCount))])
      Terminal.show("\(report.text)\n")
      return
    }
    Terminal.show("top-1 \(rounded(accuracy.top1)), top-5 \(rounded(accuracy.top5)) over \(accuracy.imageCount) images\n")
  }

  /// Runs the model on each image of the data set.
  private func forEach(_ data: LabelledDataset, _ vision: VisionModel<CPUBackend>, _ body: (LabelledDataset.Item, RGBImage) -> Void) throws {
    let progress = ProgressLine(label: "evaluating", total: data.items.count)
    for item in data.items {
      let image = try RGBImage(contentsOf: item.imagePath)
      let outcome = image.withView { vision.prepare($0) }
      guard outcome == .prepared else { throw CommandFailure("\(item.imagePath): can't be prepared: \(outcome)") }
      vision.run()
      body(item, image)
      progress.advance()
    }
    progress.end()
  }

  private func rounded(_ value: Double) -> Double { (value * 10000).rounded() / 10000 }
}
