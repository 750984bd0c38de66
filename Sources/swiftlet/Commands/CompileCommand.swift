import ArgumentParser
import CPUExecution
import Imaging
import ModelCompiler
import ModelManifest
import ObjectDetection

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Turn an ONNX or TFLite model into a package.",
    discussion: """
      Without --recipe the package keeps raw tensors; without --calibrate it keeps the model's own precision.

      Examples: swiftlet compile yolox_nano_416.onnx --recipe Calibration/recipes/yolox_nano_416.yaml \\
                  --calibrate images/ -o yolox-nano.swiftlet
                swiftlet compile speech.onnx --shape mel=1x64x16..2048 -o speech.swiftlet
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable {
    case minMax = "min-max"
    case meanSquaredError = "mean-squared-error"
    var calibration: CalibrationMethod {
      switch self {
      case .minMax: .minMax
      case .meanSquaredError: .meanSquaredError
      }
    }
  }

  @Argument(help: "The ONNX or TFLite file.")
  var model: String

  @Option(name: [.short, .long], help: ArgumentHelp("The package to write.", valueName: "file"))
  var output: String

  @OptionGroup var source: ModelSourceOptions

  @Option(help: ArgumentHelp("Quantise to 8 bits by the images of a folder; 'recipe' takes the folder that the recipe names.", valueName: "folder"))
  var calibrate: String?

  @Option(help: "How ranges are chosen: min-max, or mean-squared-error (most accurate).")
  var method = Method.meanSquaredError

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let compiled =
      if let open = try source.openCompilation(of: model) { try compiled(open) } else { try compiled(source.compilation(of: model)) }
    let file = compiled.file()
    if let recipe = try source.loadedRecipe() { try RecipeCheck.check(ModelPackage(file, origin: output), against: recipe) }
    try OutputFile.write(file, to: output, madeFrom: [model] + (source.recipe.map { [$0] } ?? []))
    let report = PackageReport(try ModelPackage(contentsOf: output))
    Terminal.show(json ? "\(report.json.text)\n" : report.text)
    if json { return }
    if source.recipe == nil { Terminal.show("without a recipe the package keeps raw tensors: no labels, no boxes (see --recipe)\n") }
    if compiled.manifest.sound != nil {
      Terminal.show("the package records how sound is prepared; this version runs it on prepared tensors only (swiftlet infer --tensor)\n")
    }
  }

  private func compiled(_ compilation: ModelCompilation) throws -> CompiledModel {
    let observations = try calibrate.map { folder in try observed(compilation, by: folder) }
    return try source.explaining(model) {
      guard let observations else { return try compilation.compiled() }
      return try compilation.quantised(by: observations)
    }
  }

  /// With sizes left open: what is observed at the upper bounds holds for every size.
  private func compiled(_ compilation: OpenCompilation) throws -> CompiledModel {
    let largest = try source.explaining(model) { try compilation.largest() }
    let observations = try calibrate.map { folder in try observed(largest, by: folder) }
    return try source.explaining(model) {
      try compilation.compiled { (bound) throws(CompilerError) in
        guard let observations else { return try bound.compiled() }
        return try bound.quantised(by: observations)
      }
    }
  }

  private func observed(_ compilation: ModelCompilation, by folder: String) throws -> ObservedValues {
    guard !compilation.isQuantised else {
      throw CommandFailure("\(model) is quantised already and keeps its own scales: leave --calibrate out", status: .wrongUse)
    }
    guard folder != "recipe" else {
      guard let named = try source.loadedRecipe()?.calibrationFolder else {
        throw CommandFailure("the recipe names no calibration folder: give one, --calibrate FOLDER", status: .wrongUse)
      }
      return try calibrated(compilation, folder: named)
    }
    return try calibrated(compilation, folder: folder)
  }

  private func calibrated(_ compilation: ModelCompilation, folder: String) throws -> ObservedValues {
    guard let input = try source.loadedRecipe()?.input else {
      throw CommandFailure("--calibrate needs to know how images become the input: give a --recipe with an input section", status: .wrongUse)
    }
    let images = try ImageFolder.imageNames(of: folder).map { "\(folder)/\($0)" }
    guard !images.isEmpty else { throw CommandFailure("\(folder): has no images (JPEG, BMP, PPM or PGM)") }
    let progress = ProgressLine(label: "calibrating", total: images.count * Calibrator.passes(for: method.calibration))
    let observed = try Calibrator(compilation, input: input).observe(images, method: method.calibration) { progress.advance() }
    progress.end()
    return observed
  }
}
