import ModelCompiler
import ModelManifest
import ObjectDetection

/// Bringing a model to 8 bits, as `compile` does it: calibration, the choice of ranges, and what it costs on labelled images.
struct Quantisation {
  let compilation: ModelCompilation
  let input: ImageInput
  /// Paths of the calibration set.
  let images: [String]
  /// nil: the one that disturbs the outputs least.
  let method: CalibrationMethod?
  let modelName: String

  /// Evaluation images on which values are compared one by one.
  private static let comparedCount = 16
  /// Where more of a value's elements than this lie outside all that calibration saw, the images are of another kind.
  private static let largestOutsideShare = 0.002

  func calibrated() throws -> CalibrationResult {
    let progress = ProgressLine(label: "calibrating", total: images.count * Calibrator.passCount)
    let result = try Calibrator(compilation, input: input).calibrate(images, method: method ?? .meanSquaredError) { progress.advance() }
    progress.end()
    return method == nil ? try OutputNoise(compilation, input: input, images: images).withBestMethod(result) : result
  }

  /// The quantised model with its accuracy report, within the budget.
  /// - Parameter budget: the most that the metric may fall, 0…1; nil takes what comes.
  func evaluated(_ result: CalibrationResult, on data: LabelledDataset, path: String, budget: Double?) throws -> CompileCommand.Outcome {
    let float = try measurement(of: compilation.compiled(), data, path)
    var chosen = result
    if let budget { chosen = try within(budget, result, float, data, path) }
    var model = try compilation.quantised(by: chosen)
    var comparison = try AccuracyComparison(float: float, quantised: measurement(of: model, data, path))
    comparison.report.values = try compared(chosen, data)
    model.manifest.accuracy = comparison.report
    return CompileCommand.Outcome(model: model, comparison: comparison)
  }

  private func measurement(of model: CompiledModel, _ data: LabelledDataset, _ path: String) throws -> AccuracyMeasurement {
    try AccuracyMeasurement(ModelPackage(model.file(), origin: modelName), named: modelName, data, dataset: path, threads: 2)
  }

  private func within(_ budget: Double, _ result: CalibrationResult, _ float: AccuracyMeasurement, _ data: LabelledDataset, _ path: String) throws
    -> CalibrationResult
  {
    let goal = try float.run(label: "evaluating in float").metric.value - budget
    var closest = -Double.infinity
    let isGoodEnough = { (tried: CalibrationResult) throws -> Bool in
      let kept = tried.keptFloatCount
      let label = kept == 0 ? "evaluating in 8 bits" : "evaluating with \(kept) value(s) in float"
      let value = try measurement(of: compilation.quantised(by: tried), data, path).run(label: label).metric.value
      closest = max(closest, value)
      return value >= goal
    }
    if try isGoodEnough(result) { return result }
    let noise = try OutputNoise(compilation, input: input, images: images)
    var progress: ProgressLine?
    let choice = try PrecisionChoice(result, noise) { _, total in
      if progress == nil { progress = ProgressLine(label: "finding layers that hurt", total: total) }
      progress?.advance()
    }
    progress?.end()
    if let found = try choice.leastFloat(passing: isGoodEnough) { return found }
    let lost = DemoTable.decimal((goal + budget - closest) * 100, 2)
    throw CommandFailure(
      "\(modelName): 8 bits cost \(lost) points at least, with all \(choice.candidateCount) values that hurt in float; the budget is "
        + "\(DemoTable.decimal(budget * 100, 2)): allow more, calibrate on more images like those of \(path), or leave --calibrate out")
  }

  /// Signal to noise of each value on some of the evaluation images; says so where those are unlike the calibration set.
  private func compared(_ result: CalibrationResult, _ data: LabelledDataset) throws -> [AccuracyReport.ValueNoise] {
    let count = min(data.items.count, Self.comparedCount)
    let paths = (0..<count).map { data.items[$0 * data.items.count / count].imagePath }
    let progress = ProgressLine(label: "comparing layers", total: paths.count)
    let values = try QuantisationComparison(compilation, result, input: input).measure(paths) { progress.advance() }
    progress.end()
    let outside = values.filter { $0.outsideShare > Self.largestOutsideShare }
    if let worst = outside.max(by: { $0.outsideShare < $1.outsideShare }) {
      Terminal.note(
        "the evaluation images leave the calibrated ranges at \(outside.count) of \(values.count) values, with \(DemoTable.decimal(worst.outsideShare * 100, 1)) % of "
          + "'\(worst.name)' at most: calibrate on images like those that the model will see")
    }
    return values.map {
      AccuracyReport.ValueNoise(name: $0.name, decibels: $0.power.noise > 0 ? min(max($0.power.decibels, -100), 200) : nil, isQuantised: $0.isQuantised)
    }
  }
}
