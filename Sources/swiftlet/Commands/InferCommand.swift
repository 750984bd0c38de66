import ArgumentParser
import CPUExecution
import CUDAExecution
import Imaging
import Inference
import ModelFormat
import ModelCompiler
import ModelManifest
import ONNX
import ObjectDetection
import Tensors

struct InferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer",
    abstract: "Run a model once on images or raw tensors, and print what it finds.",
    discussion: """
      Any ONNX model runs on raw tensors: it is compiled for their shapes, and where it can't be, evaluated operator by operator. \
      A tensor is converted to the input's declared type; outputs come in theirs.

      Examples: swiftlet infer yolox-nano.swiftlet street.jpg --annotate out/
                swiftlet infer model.onnx --tensor x=x.npy --save-tensors out/
      """)

  enum BackendName: String, ExpressibleByArgument, CaseIterable {
    /// The oracles: the scalar kernels for a package, each operator's plain evaluation for raw tensors through a model file.
    case reference
    case cpu
    /// A CUDA device, for a model whose every instruction has a kernel there.
    case cuda
    /// The device where it serves, or else the CPU, with a note that says why.
    case auto
  }

  @Argument(help: "A package, or an ONNX or TFLite file.")
  var model: String

  @Argument(help: "Images: JPEG, BMP, PPM or PGM.")
  var images: [String] = []

  @OptionGroup var source: ModelSourceOptions

  @Option(help: ArgumentHelp("An input as a .npy file: NAME=FILE. May be given more than once.", valueName: "name=file"))
  var tensor: [String] = []

  @Option(help: ArgumentHelp("Write each output as FOLDER/NAME.npy.", valueName: "folder"))
  var saveTensors: String?

  @Option(help: ArgumentHelp("Write each image with its results drawn into it.", valueName: "folder"))
  var annotate: String?

  @Option(help: "The lowest score to print, 0…1; the recipe's by default.")
  var threshold: Float?

  @Option(
    help: ArgumentHelp(
      "cpu, or reference (for a package the scalar kernels, for a model file each operator's plain evaluation). By default cpu; a model file that can't be compiled is evaluated, with a note. cuda: the first CUDA device, or an error that says why not; auto: the CPU, with a note, where there is no device, it can't run the model, or it fails on the way.",
      valueName: "cpu|reference|cuda|auto"))
  var backend: BackendName?

  @Option(help: "Threads that share the work.")
  var threads = 1

  @Flag(help: "One line of JSON an image.")
  var json = false

  func validate() throws {
    guard 1...64 ~= threads else { throw ValidationError("--threads is 1 to 64") }
    guard backend != .cuda || threads == 1 else { throw ValidationError("--threads is for the CPU's backends") }
    if let threshold, !(0...1 ~= threshold) { throw ValidationError("--threshold is 0 to 1") }
    guard images.isEmpty || tensor.isEmpty else { throw ValidationError("give either images or --tensor NAME=FILE.npy") }
    guard !images.isEmpty || annotate == nil && threshold == nil else {
      throw ValidationError("--annotate and --threshold are for images: give some, or leave them out")
    }
  }

  private var options: CPUOptions {
    backend == .reference ? CPUOptions(threads: threads, instructionSet: .scalar) : CPUOptions(threads: threads)
  }

  func run() throws {
    guard !images.isEmpty else { return try runTensors() }
    let package = try source.package(at: model)
    if let annotate { try OutputFile.makeFolder(annotate) }
    var written: Set<String> = []
    var rest = images[...]
    if usesDevice, let vision = try deviceModel(package) {
      do { try runImages(vision, package, &rest, &written) } catch let error as InferenceError where backend == .auto && error.isOfDevice {
        fallBack(error.message)
      }
    }
    if !rest.isEmpty { try runImages(VisionModel<CPUBackend>(package, options: options), package, &rest, &written) }
  }

  /// Raw tensors in, raw tensors out.
  private func runTensors() throws {
    let run = try source.explaining(model) { try FileStart.isPackage(model) ? runPackage() : runModel() }
    if let note = run.note { Terminal.note("\(model) runs on the reference evaluator, which is slow: \(note)") }
    if let saveTensors { try save(run.outputs, in: saveTensors) }
    Terminal.show(json ? "\(run.json.text)\n" : run.text)
  }

  private func runPackage() throws -> TensorRun {
    let package = try source.package(at: model)
    let given = try GivenTensors(tensor, for: TensorPort.ports(of: package), of: model)
    return try run(package, on: given.tensors)
  }

  private func runModel() throws -> TensorRun {
    let file = try ModelFile.read(model)
    var options = try source.compilationOptions()
    options.shapes = try source.boundShapes()
    let constants = (options.recipe?.constants ?? [:]).merging(options.constants) { $1 }
    let given = try GivenTensors(tensor, constants: constants, for: TensorPort.ports(of: file), of: model)
    for (name, sizes) in options.shapes {
      guard let tensor = given.tensors[name], tensor.dimensions != sizes else { continue }
      throw CommandFailure("--shape \(name) contradicts its tensor, which has \(tensor.dimensions): leave --shape out", status: .wrongUse)
    }
    return try TensorRun(file, at: model, on: given.tensors, demanded: backend.flatMap { TensorBackend(rawValue: $0.rawValue) }, options) {
      try run($0, on: given.tensors)
    }
  }

  private func run(_ package: ModelPackage, on tensors: [String: HostTensor]) throws -> TensorRun {
    if usesDevice {
      do {
        let run = try TensorRun(package, on: tensors, by: .cuda, CUDABackend.self, options: CUDAOptions())
        noteLibrary(package)
        return run
      } catch let error as InferenceError where backend == .auto && error.isOfDevice {
        fallBack(error.message)
      }
    }
    return try TensorRun(package, on: tensors, by: .cpu, CPUBackend.self, options: options)
  }

  /// nil where the CPU shall do instead.
  private func deviceModel(_ package: ModelPackage) throws -> VisionModel<CUDABackend>? {
    do throws(ObjectDetectionError) {
      let vision = try VisionModel<CUDABackend>(package, options: CUDAOptions())
      noteLibrary(package)
      return vision
    } catch {
      guard backend == .auto, [.deviceAbsent, .deviceFailed, .deviceLost, .noResources, .unsupported].contains(error.code) else { throw error }
      fallBack(error.message)
      return nil
    }
  }

  private var usesDevice: Bool { backend == .cuda || backend == .auto }

  private func noteLibrary(_ package: ModelPackage) {
    if let note = PackageReport.noteOnCUDA(package.program) { Terminal.note("\(model) runs on the device: \(note)") }
  }

  private func fallBack(_ reason: String) { Terminal.note("\(model) runs on the CPU: \(reason)") }

  private func save(_ outputs: [(name: String, tensor: HostTensor)], in folder: String) throws {
    try OutputFile.makeFolder(folder)
    for (name, tensor) in outputs {
      let name = name.map { $0 == "/" ? "_" : $0 }
      try OutputFile.write(tensor.npyBytes, to: "\(folder)/\(String(name)).npy", madeFrom: [model])
    }
  }

  /// - Parameter rest: loses each image that is done.
  private func runImages<Engine: Backend & ~Copyable>(
    _ vision: VisionModel<Engine>, _ package: ModelPackage, _ rest: inout ArraySlice<String>, _ written: inout Set<String>
  ) throws {
    while let path = rest.first {
      var image = try RGBImage(contentsOf: path)
      let outcome = image.withView { vision.prepare($0) }
      guard outcome == .prepared else { throw CommandFailure("\(path): can't be prepared: \(outcome)") }
      vision.run()
      if let failure = vision.session.failure { throw failure }
      let detections = vision.decode(threshold: threshold) ?? []
      if let saveTensors {
        try save(try package.program.outputs.enumerated().map { ($1.name, try vision.session.output($0)) }, in: saveTensors)
      }
      show(detections, of: path, image, package.manifest)
      if let annotate {
        image.draw(detections, manifest: package.manifest)
        let target = "\(annotate)/\(FilePath.stem(of: path)).jpg"
        guard written.insert(target).inserted else {
          throw CommandFailure("\(path) would be written to \(target), as was an image before it: annotate them into folders of their own", status: .wrongUse)
        }
        try OutputFile.check(target, madeFrom: images)
        try image.write(to: target)
      }
      rest.removeFirst()
    }
  }

  private func show(_ detections: [Detection], of path: String, _ image: RGBImage, _ manifest: Manifest) {
    let listed = manifest.task == .classification ? Array(detections.prefix(5)) : detections
    if json {
      let items = listed.map { detection in
        JSON.object([
          ("label", .string(manifest.label(detection.label))), ("score", .number(Double(detection.score))),
          ("box", .array([detection.box.x, detection.box.y, detection.box.width, detection.box.height].map { .number(Double($0)) })),
        ])
      }
      let result = JSON.object([
        ("image", .string(path)), ("width", .integer(image.width)), ("height", .integer(image.height)), ("detections", .array(items)),
      ])
      Terminal.show("\(result.text)\n")
      return
    }
    Terminal.show("\(path): \(listed.isEmpty ? "nothing found" : "")\n")
    for detection in listed {
      let box = detection.box
      let place = manifest.task == .classification ? "" : "  at \(Int(box.x)),\(Int(box.y))  \(Int(box.width))x\(Int(box.height))"
      Terminal.show("  \(Int((min(max(detection.score, 0), 1e6) * 1000).rounded()).thousandths)  \(manifest.label(detection.label))\(place)\n")
    }
  }
}

extension Int {
  /// As "0.123".
  fileprivate var thousandths: String {
    let digits = String(self % 1000)
    return "\(self / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}

extension Manifest {
  /// A class's name, or its number where the manifest has none.
  func label(_ index: Int) -> String { labels.indices.contains(index) ? labels[index] : "class \(index)" }
}

extension InferenceError {
  /// Whether a processor may do what a device refused.
  fileprivate var isOfDevice: Bool { [.deviceAbsent, .deviceFailed, .deviceLost, .unsupported, .noResources].contains(code) }
}
