import ModelCompiler
import ModelManifest
import ObjectDetection

/// Bringing a model to 8 bits, as `compile` does it: calibration, the choice of ranges, and what it costs on labelled images or sounds.
struct Quantisation {
  let compilation: ModelCompilation
  /// The same, of a size at which many ways of quantising are tried.
  let trial: ModelCompilation
  /// The model with every size that it leaves open, in 8 bits by what was found or, of nil, in float: what is spoken is heard in its own length.
  let whole: (CalibrationResult?) throws -> CompiledModel
  let input: CalibrationInput
  /// Paths of the calibration set.
  let files: [String]
  /// nil: the one that disturbs the outputs least.
  let method: CalibrationMethod?
  let modelName: String

  /// Evaluation images or sounds on which values are compared one by one.
  private static let comparedCount = 16

  /// What calibration found, and the values that the budget may still keep float; nil with a method of the user's, who gets just that.
  typealias Calibrated = (result: CalibrationResult, choice: PrecisionChoice?)

  func calibrated() throws -> Calibrated {
    let progress = ProgressLine(label: "calibrating", total: files.count * Calibrator.passCount)
    let result = try Calibrator(compilation, input: input).calibrate(files, method: method ?? .meanSquaredError) { progress.advance() }
    progress.end()
    guard method == nil else { return (result, nil) }
    let noise = try outputNoise()
    let methods = ProgressLine(label: "comparing ways to choose ranges", total: CalibrationMethod.allCases.count)
    let best = noise.withBestMethod(result) { methods.advance() }
    methods.end()
    let choice = try rankedValues(best, noise)
    return (try choice.keepingWorthwhile(noise), choice)
  }

  private func outputNoise() throws -> OutputNoise { try OutputNoise(trial, input: input, images: files) }

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
    _ calibrated: Calibrated, on data: EvaluationSet, path: String, budget: Double?, at sizes: [BoundSize]? = nil
  ) throws -> Chosen {
    let float = try run(nil, "evaluating in float", data)
    let result = calibrated.result
    var (chosen, measured) = (result, try run(result, "evaluating in 8 bits", data))
    if let budget, !Self.holds(budget, float.accuracy.cost(of: measured.accuracy)) {
      (chosen, measured) = try keptFloat(calibrated, for: budget, below: float, closest: measured, data, path)
    }
    let manifest = try compilation.quantised(by: chosen).manifest
    var comparison = AccuracyComparison(float: float, quantised: measured, on: data, manifest, of: .precisions)
    comparison.report.values = try compared(chosen, data)
    // What was spoken has been heard at its own sizes.
    if case .speech = data { comparison.report.sizes = nil } else { comparison.report.sizes = sizes }
    return (chosen, comparison)
  }

  /// - Parameter result: nil for the float model.
  private func run(_ result: CalibrationResult?, _ label: String, _ data: EvaluationSet) throws -> AccuracyOutcome {
    let model: CompiledModel
    if case .speech = data {
      model = try whole(result)
    } else {
      model = try result.map { try compilation.quantised(by: $0) } ?? compilation.compiled()
    }
    return try data.outcome(of: ModelPackage(model.file(), origin: modelName), threads: 2, label: label)
  }

  /// Costs are differences of fractions: what is a budget to the last digit holds it.
  private static func holds(_ budget: Double, _ cost: Double) -> Bool { cost <= budget + 1e-9 }

  /// The result with values in float that hold the budget and cost little, and what it measures.
  /// - Parameter closest: what 8 bits alone give.
  private func keptFloat(
    _ calibrated: Calibrated, for budget: Double, below float: AccuracyOutcome, closest: AccuracyOutcome,
    _ data: EvaluationSet, _ path: String
  ) throws -> (CalibrationResult, AccuracyOutcome) {
    let choice = try calibrated.choice ?? rankedValues(calibrated.result, outputNoise())
    var (measured, least) = (closest, float.accuracy.cost(of: closest.accuracy))
    let found = try choice.leastFloat(above: choice.bestCount(in: calibrated.result)) { tried in
      let outcome = try run(tried, "evaluating with \(tried.keptFloatCount) value(s) in float", data)
      let cost = float.accuracy.cost(of: outcome.accuracy)
      least = min(least, cost)
      guard Self.holds(budget, cost) else { return false }
      // The last that passes is the one that is taken.
      measured = outcome
      return true
    }
    if let found { return (found, measured) }
    let points = AccuracyBudget.points(least, above: budget)
    throw CommandFailure(
      "\(modelName): 8 bits cost \(points.cost) points at least, with all \(choice.candidateCount) values in float that may be; "
        + "the budget is \(points.budget): allow more, calibrate on more \(data.sample.rawValue)s like those of \(path), or leave --calibrate out")
  }

  /// Signal to noise of each value on some of the evaluation images or sounds; says so where those are unlike the calibration set.
  private func compared(_ result: CalibrationResult, _ data: EvaluationSet) throws -> [AccuracyReport.ValueNoise] {
    let all = data.paths
    let count = min(all.count, Self.comparedCount)
    let paths = (0..<count).map { all[$0 * all.count / count] }
    let progress = ProgressLine(label: "comparing layers", total: paths.count)
    let values = try QuantisationComparison(compilation, result, input: input).measure(paths) { progress.advance() }
    progress.end()
    let outside = values.filter { $0.outsideShare > InputSaturation.largestShare }
    if let worst = outside.max(by: { $0.outsideShare < $1.outsideShare }) {
      Terminal.note(
        "the evaluation \(data.sample.rawValue)s leave the calibrated ranges at \(outside.count) of \(values.count) values, with \(DemoTable.decimal(worst.outsideShare * 100, 1)) % of "
          + "'\(worst.name)' at most: calibrate on \(data.sample.rawValue)s like those that the model will \(data.sample == .image ? "see" : "hear")")
    }
    return values.map {
      AccuracyReport.ValueNoise(name: $0.name, decibels: $0.power.noise > 0 ? min(max($0.power.decibels, -100), 200) : nil, isQuantised: $0.isQuantised)
    }
  }
}
