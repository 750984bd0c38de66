import ModelCompiler
import ModelManifest
import ObjectDetection

/// Bringing a model to 8 bits, as `compile` does it: calibration, the choice of ranges, and what it costs on labelled images.
struct Quantisation {
  let compilation: ModelCompilation
  let input: CalibrationInput
  /// Paths of the calibration set.
  let files: [String]
  /// nil: the one that disturbs the outputs least.
  let method: CalibrationMethod?
  let modelName: String

  /// Evaluation images on which values are compared one by one.
  private static let comparedCount = 16

  /// What calibration found, and the values that the budget may still keep float; nil with a method of the user's, who gets just that.
  typealias Calibrated = (result: CalibrationResult, choice: PrecisionChoice?)

  func calibrated() throws -> Calibrated {
    let progress = ProgressLine(label: "calibrating", total: files.count * Calibrator.passCount)
    let result = try Calibrator(compilation, input: input).calibrate(files, method: method ?? .meanSquaredError) { progress.advance() }
    progress.end()
    guard method == nil else { return (result, nil) }
    let noise = try OutputNoise(compilation, input: input, images: files)
    let choice = try rankedValues(noise.withBestMethod(result), noise)
    return (try choice.keepingWorthwhile(noise), choice)
  }

  private func rankedValues(_ result: CalibrationResult, _ noise: OutputNoise) throws -> PrecisionChoice {
    var progress: ProgressLine?
    let choice = try PrecisionChoice(result, noise) { _, total in
      if progress == nil { progress = ProgressLine(label: "finding layers that hurt", total: total) }
      progress?.advance()
    }
    progress?.end()
    return choice
  }

  /// What a model is quantised by, and what that costs; the latter nil where nobody asked.
  typealias Chosen = (result: CalibrationResult, comparison: AccuracyComparison?)

  /// What holds the budget, with its accuracy report.
  /// - Parameters:
  ///   - budget: the most that the metric may fall, 0…1; nil takes what comes.
  ///   - sizes: those of the compilation, where the model leaves some open.
  func evaluated(
    _ calibrated: Calibrated, on data: LabelledDataset, path: String, budget: Double?, at sizes: [BoundSize]? = nil
  ) throws -> Chosen {
    let float = try run(compilation.compiled(), "evaluating in float", data)
    let result = calibrated.result
    var (chosen, measured) = (result, try run(compilation.quantised(by: result), "evaluating in 8 bits", data))
    if let budget, measured.accuracy.metric.value < float.accuracy.metric.value - budget {
      (chosen, measured) = try keptFloat(calibrated, for: budget, below: float, closest: measured, data, path)
    }
    let manifest = try compilation.quantised(by: chosen).manifest
    var comparison = AccuracyComparison(float: float, quantised: measured, on: data, manifest, of: .precisions)
    comparison.report.values = try compared(chosen, data)
    comparison.report.sizes = sizes
    return (chosen, comparison)
  }

  private func run(_ model: CompiledModel, _ label: String, _ data: LabelledDataset) throws -> AccuracyMeasurement.Outcome {
    let package = try ModelPackage(model.file(), origin: modelName)
    return try AccuracyMeasurement(package, data, threads: 2).run(label: label)
  }

  /// The result with values in float that hold the budget and cost little, and what it measures.
  /// - Parameter closest: what 8 bits alone give.
  private func keptFloat(
    _ calibrated: Calibrated, for budget: Double, below float: AccuracyMeasurement.Outcome, closest: AccuracyMeasurement.Outcome,
    _ data: LabelledDataset, _ path: String
  ) throws -> (CalibrationResult, AccuracyMeasurement.Outcome) {
    let choice = try calibrated.choice ?? rankedValues(calibrated.result, OutputNoise(compilation, input: input, images: files))
    let exact = float.accuracy.metric.value
    var (measured, best) = (closest, closest.accuracy.metric.value)
    let found = try choice.leastFloat(above: choice.bestCount(in: calibrated.result)) { tried in
      let outcome = try run(compilation.quantised(by: tried), "evaluating with \(tried.keptFloatCount) value(s) in float", data)
      best = max(best, outcome.accuracy.metric.value)
      guard outcome.accuracy.metric.value >= exact - budget else { return false }
      // The last that passes is the one that is taken.
      measured = outcome
      return true
    }
    if let found { return (found, measured) }
    let points = AccuracyBudget.points(exact - best, above: budget)
    throw CommandFailure(
      "\(modelName): 8 bits cost \(points.cost) points at least, with all \(choice.candidateCount) values in float that may be; "
        + "the budget is \(points.budget): allow more, calibrate on more images like those of \(path), or leave --calibrate out")
  }

  /// Signal to noise of each value on some of the evaluation images; says so where those are unlike the calibration set.
  private func compared(_ result: CalibrationResult, _ data: LabelledDataset) throws -> [AccuracyReport.ValueNoise] {
    let count = min(data.items.count, Self.comparedCount)
    let paths = (0..<count).map { data.items[$0 * data.items.count / count].imagePath }
    let progress = ProgressLine(label: "comparing layers", total: paths.count)
    let values = try QuantisationComparison(compilation, result, input: input).measure(paths) { progress.advance() }
    progress.end()
    let outside = values.filter { $0.outsideShare > InputSaturation.largestShare }
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
