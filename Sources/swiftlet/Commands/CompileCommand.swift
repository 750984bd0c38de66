public import ArgumentParser
import Imaging
public import ModelCompiler
import ModelManifest
import ObjectDetection
import SoundFiles

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Turn an ONNX or TFLite model, or a folder of Moonshine or Whisper, into a package.",
    discussion: """
      Without --recipe the package keeps raw tensors; without --calibrate it keeps the model's own precision. A folder with config.json, model.safetensors and \
      tokenizer.json of Moonshine or Whisper (and its generation_config.json; tiny or base) needs no recipe, and takes --weights, --language and --shortest-sound only.

      Examples: swiftlet compile yolox_nano_416.onnx --recipe Calibration/recipes/yolox_nano_416.yaml \\
                  --calibrate images/ -o yolox-nano.swiftlet
                swiftlet compile parts.onnx --recipe parts.yaml --calibrate images/ --evaluate labelled/ \\
                  --accuracy-budget 0.5% --report report/ -o parts.swiftlet
                swiftlet compile speech.onnx --recipe speech.yaml --calibrate recordings/ --evaluate others/ \\
                  --accuracy-budget 0.5% -o speech.swiftlet
                swiftlet compile speech.onnx --shape mel=1x64x16..2048 -o speech.swiftlet
                swiftlet compile moonshine-tiny/ -o moonshine.swiftlet
                swiftlet compile whisper-base/ --language de --weights int8 -o whisper.swiftlet
      """)

  enum Method: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case minMax = "min-max"
    case percentile
    case entropy
    case meanSquaredError = "mean-squared-error"

    /// nil: the one that disturbs the outputs least.
    var calibration: CalibrationMethod? { CalibrationMethod(rawValue: rawValue) }
  }

  @Argument(help: "The ONNX or TFLite file, or a pretrained model's folder.")
  var model: String

  @Option(name: [.short, .long], help: ArgumentHelp("The package to write.", valueName: "file"))
  var output: String

  @OptionGroup var source: ModelSourceOptions

  @Option(
    help: ArgumentHelp(
      "Quantise to 8 bits by the images, or for a model that hears the sounds (WAV, FLAC), of a folder; 'recipe' takes the folder that the recipe names.",
      valueName: "folder"))
  var calibrate: String?

  @Option(
    help: "How ranges are chosen: automatic (of the others the one that disturbs the outputs least), min-max, percentile, entropy or mean-squared-error.")
  var method = Method.automatic

  @Option(
    help: """
      How weights are kept where layers are computed in float: float, int8 (a scale an output channel; activations are rounded to 16 bits where that is \
      faster), int8-dynamic (activations to 8 bits) or int4 (a scale each 32 products; activations stay float): for models of large matrices, such as those that \
      hear.
      """)
  var weights = WeightPrecision.float

  @Option(help: ArgumentHelp("The language that a Whisper model of several is to write, such as en or de.", valueName: "code"))
  var language: String?

  @Option(
    help: ArgumentHelp(
      """
      Pad sound to so many seconds at least for a Whisper model (30, with which it was trained): with less, cost follows the sound's length, and the model may \
      write what nobody said; measure with evaluate.
      """, valueName: "seconds"))
  var shortestSound: Double?

  @Option(
    help: ArgumentHelp(
      "Labelled images or sounds, as for evaluate: measure what 8 bits cost against float, and keep the report in the package.", valueName: "dataset"))
  var evaluate: String?

  @Option(help: ArgumentHelp("Of --evaluate's data set: yolo, corners, folders, names; found out where it can be.", valueName: "labels"))
  var labels: EvaluateCommand.LabelForm?

  // Unconditional: what is wrong with -20% is said here, not by the parser.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Most that 8 bits may cost on --evaluate's images or sounds, such as 0.5% for half a point (of the word error rate, for speech): layers that hurt most are kept float, of the sets that hold it the \
      cheapest that is found, or nothing is written.
      """, valueName: "points"), transform: AccuracyBudget.init)
  var accuracyBudget: AccuracyBudget?

  @Option(
    help: ArgumentHelp(
      "With --evaluate: a page with the comparison and the images or sounds that differ most, as index.html and report.json.", valueName: "folder"))
  var report: String?

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    if FileStart.isFolder(model) { try checkFolderOptions() }
    try checkOptions()
    try OutputFile.checkPlace(output)
    if FileStart.isFolder(model) { return try compileFolder() }
    guard language == nil, shortestSound == nil else {
      throw CommandFailure("--language and --shortest-sound are for a pretrained model's folder, which \(model) isn't", status: .wrongUse)
    }
    let result =
      try source.openCompilation(of: model, weights: weights).map(compiled)
      ?? compiled(source.compilation(of: model, weights: weights))
    let file = try source.explaining(model) { try result.model.withGoldenOutputs() }.file()
    if let recipe = try source.loadedRecipe() { try RecipeCheck.check(ModelPackage(file, origin: output), against: recipe) }
    try OutputFile.write(file, to: output, madeFrom: [model] + (source.recipe.map { [$0] } ?? []))
    if let report { try result.comparison?.write(to: report, title: "\(FilePath.name(of: output)): 8 bits against float") }
    let summary = PackageReport(try ModelPackage(contentsOf: output))
    Terminal.show(json ? "\(summary.json.text)\n" : summary.text)
    if json { return }
    if let comparison = result.comparison { Terminal.show(comparison.text) }
    if source.recipe == nil { Terminal.show("without a recipe the package keeps raw tensors: no labels, no boxes (see --recipe)\n") }
    if result.model.manifest.sound != nil {
      Terminal.show("the package records how sound is prepared: swiftlet transcribe hears files, swiftlet infer --tensor takes prepared tensors\n")
    }
  }

  private func checkFolderOptions() throws {
    guard calibrate == nil, evaluate == nil, accuracyBudget == nil else {
      throw CommandFailure(
        "\(model) is a pretrained model's folder, which writes token by token: --calibrate, --evaluate and --accuracy-budget are for model files; take "
          + "--weights int8, and count what that costs by 'swiftlet evaluate PACKAGE SOUNDS --against FLOAT'", status: .wrongUse)
    }
    guard source.recipe == nil, source.shape.isEmpty, source.constant.isEmpty else {
      throw CommandFailure("\(model) is a pretrained model's folder: --recipe, --shape and --constant are for model files", status: .wrongUse)
    }
  }

  /// A pretrained model's folder, which says itself what a recipe would.
  private func compileFolder() throws {
    let options = SequenceOptions(language: language, shortestSeconds: shortestSound)
    let compiled = try source.explaining(model) { try SequenceCompilation(folder: model, weights: weights, options: options).compiled() }
    try OutputFile.write(
      compiled.file(), to: output, madeFrom: ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"].map { "\(model)/\($0)" })
    let summary = PackageReport(try ModelPackage(contentsOf: output))
    Terminal.show(json ? "\(summary.json.text)\n" : summary.text)
  }

  /// What a compilation gives.
  struct Outcome {
    var model: CompiledModel
    var comparison: AccuracyComparison?

    /// The model keeps the report.
    init(_ model: CompiledModel, _ comparison: AccuracyComparison?) {
      (self.model, self.comparison) = (model, comparison)
      self.model.manifest.accuracy = comparison?.report
    }
  }

  private func checkOptions() throws {
    guard calibrate == nil || weights == .float else {
      throw CommandFailure("--calibrate brings weights to 8 bits already: leave --weights \(weights.rawValue) out", status: .wrongUse)
    }
    guard calibrate != nil || method == .automatic else {
      throw CommandFailure("--method says how --calibrate chooses ranges: give --calibrate FOLDER", status: .wrongUse)
    }
    guard calibrate != nil || evaluate == nil else {
      throw CommandFailure("--evaluate measures what 8 bits cost: quantise, --calibrate FOLDER, or use swiftlet evaluate", status: .wrongUse)
    }
    guard evaluate != nil || (accuracyBudget == nil && report == nil && labels == nil) else {
      let option = accuracyBudget != nil ? "--accuracy-budget" : report != nil ? "--report" : "--labels"
      throw CommandFailure(
        "\(option) needs labelled images, or sounds: give --evaluate DATASET", status: .wrongUse)
    }
    guard shortestSound.map({ 0.2...30 ~= $0 }) ?? true else {
      throw CommandFailure("--shortest-sound \(shortestSound ?? 0): is no length of 0.2 to 30 seconds", status: .wrongUse)
    }
    if let report { try ReportFolder.check(report) }
  }

  private func compiled(_ compilation: ModelCompilation) throws -> Outcome {
    guard let calibrate else { return Outcome(try source.explaining(model) { try compilation.compiled() }, nil) }
    let chosen = try choice(for: compilation, trying: compilation, by: calibrate) { result in
      try result.map { try compilation.quantised(by: $0) } ?? compilation.compiled()
    }
    return try source.explaining(model) { Outcome(try compilation.quantised(by: chosen.result), chosen.comparison) }
  }

  /// With sizes left open: what is observed at the declared ones holds for every size.
  private func compiled(_ compilation: OpenCompilation) throws -> Outcome {
    let declared = try source.explaining(model) { try compilation.declared() }
    let whole = { (result: CalibrationResult?) in
      try compilation.compiled { (bound) throws(CompilerError) in
        guard let result else { return try bound.compiled() }
        return try bound.quantised(by: result)
      }
    }
    let chosen = try calibrate.map {
      try choice(for: declared, trying: source.explaining(model) { try compilation.brief() }, by: $0, at: compilation.sizes, whole: whole)
    }
    return try source.explaining(model) { Outcome(try whole(chosen?.result), chosen?.comparison) }
  }

  /// Calibrates, and evaluates where that is asked for.
  /// - Parameters:
  ///   - sizes: those of the compilation, where the model leaves some open.
  ///   - trial: the compilation, or one of a size at which trials take less time.
  ///   - whole: the model with these sizes open.
  private func choice(
    for compilation: ModelCompilation, trying trial: ModelCompilation, by folder: String, at sizes: [BoundSize]? = nil,
    whole: @escaping (CalibrationResult?) throws -> CompiledModel
  ) throws -> Quantisation.Chosen {
    let set = try calibrationSet(for: compilation, folder)
    let quantisation = Quantisation(
      compilation: compilation, trial: trial, whole: whole, input: set.input, files: set.files, method: method.calibration, modelName: model)
    // A mistyped path is told before the work begins.
    let recipe = try source.loadedRecipe()
    let data = try evaluate.map { try EvaluationData.load($0, form: labels, for: model, recipe: recipe) }
    return try source.explaining(model) {
      let calibrated = try quantisation.calibrated()
      guard let evaluate, let data else { return (calibrated.result, nil) }
      return try quantisation.evaluated(calibrated, on: data, path: evaluate, budget: accuracyBudget?.share, at: sizes)
    }
  }

  private func calibrationSet(for compilation: ModelCompilation, _ folder: String) throws -> (input: CalibrationInput, files: [String]) {
    guard !compilation.isQuantised else {
      throw CommandFailure("\(model) is quantised already and keeps its own scales: leave --calibrate out", status: .wrongUse)
    }
    let recipe = try source.loadedRecipe()
    var folder = folder
    if folder == "recipe" {
      guard let named = recipe?.calibrationFolder else {
        throw CommandFailure("the recipe names no calibration folder: give one, --calibrate FOLDER", status: .wrongUse)
      }
      folder = named
    }
    if let image = recipe?.input { return (.image(image), try calibrationImages(of: folder)) }
    if let sound = recipe?.sound { return (.sound(sound), try SoundFolder.files(of: folder)) }
    throw CommandFailure(
      "--calibrate needs to know how images or sounds become the input: give a --recipe with a section 'input' or 'sound'", status: .wrongUse)
  }

  private func calibrationImages(of folder: String) throws -> [String] {
    let images = try ImageFolder.images(of: folder)
    guard !images.names.isEmpty else {
      let foreign = images.foreignCount > 0 ? "; \(images.foreignCount) file(s) are images of other formats: \(ImageFolder.foreignFormats)" : ""
      throw CommandFailure("\(folder): has no images (JPEG, BMP, PPM or PGM)\(foreign)")
    }
    EvaluationData.noteLeftOut(images.foreignCount, of: folder)
    return images.names.map { ImageFolder.path(in: folder, $0) }
  }
}

extension WeightPrecision: ExpressibleByArgument {}
