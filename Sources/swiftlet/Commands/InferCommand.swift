import ArgumentParser
import CPUExecution
import Imaging
import Inference
import ModelFormat
import ModelManifest
import ObjectDetection
import Tensors

struct InferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer",
    abstract: "Run a model once on images or raw tensors, and print what it finds.",
    discussion: """
      Examples: swiftlet infer yolox-nano.swiftlet street.jpg --annotate out/
                swiftlet infer model.onnx --tensor x=x.npy --save-tensors out/
      """)

  enum BackendName: String, ExpressibleByArgument, CaseIterable {
    /// The scalar kernels: slow, and the oracle of all others.
    case reference
    case cpu
  }

  @Argument(help: "A package, or an ONNX file.")
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

  @Option(help: "reference (the scalar kernels) or cpu.")
  var backend = BackendName.cpu

  @Option(help: "Threads that share the work.")
  var threads = 1

  @Flag(help: "One line of JSON an image.")
  var json = false

  func validate() throws {
    guard 1...64 ~= threads else { throw ValidationError("--threads is 1 to 64") }
    if let threshold, !(0...1 ~= threshold) { throw ValidationError("--threshold is 0 to 1") }
    guard images.isEmpty != tensor.isEmpty else { throw ValidationError("give either images or --tensor NAME=FILE.npy") }
  }

  private var options: CPUOptions {
    backend == .reference ? CPUOptions(threads: threads, instructionSet: .scalar) : CPUOptions(threads: threads)
  }

  func run() throws {
    let package = try source.package(at: model)
    if images.isEmpty { try runTensors(package) } else { try runImages(package) }
  }

  private func runTensors(_ package: ModelPackage) throws {
    let session = try unsafe Session<CPUBackend>(
      program: package.program, family: package.family, weights: package.weights, owner: package, options: options)
    var values = [HostTensor?](repeating: nil, count: package.program.inputs.count)
    for entry in tensor {
      let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw CommandFailure("--tensor \(entry) is not understood: write it as NAME=FILE.npy", status: .wrongUse) }
      guard let index = package.program.inputs.firstIndex(where: { $0.name == parts[0] }) else {
        let names = package.program.inputs.map(\.name).joined(separator: ", ")
        throw CommandFailure("\(model) has no input '\(parts[0])'; it has: \(names)", status: .wrongUse)
      }
      values[index] = try TensorFile.read(parts[1])
    }
    if let missing = values.firstIndex(where: { $0 == nil }) {
      let name = package.program.inputs[missing].name
      throw CommandFailure("input '\(name)' is missing: give --tensor \(name)=FILE.npy", status: .wrongUse)
    }
    try bindSizes(of: session, package, to: values.map { $0?.dimensions ?? [] })
    for (index, value) in values.enumerated() {
      do {
        if let value { try session.setInput(index, to: value.converted(to: package.program.inputs[index].declaredType)) }
      } catch {
        throw CommandFailure("--tensor \(package.program.inputs[index].name): \(error.message)")
      }
    }
    session.run()
    if let saveTensors { try save(session, session.program, in: saveTensors) }
    for port in session.program.outputs where !json {
      Terminal.show("\(port.name): \(port.declaredType.name) \(port.declaredDimensions)\n")
    }
  }

  /// Binds what a package left open to the sizes of the tensors given.
  private func bindSizes(of session: Session<CPUBackend>, _ package: ModelPackage, to inputs: [[Int]]) throws {
    guard let family = package.family else { return }
    guard let sizes = family.sizes(forInputs: inputs) else {
      let wanted = package.program.inputs.map { "\($0.name) \($0.declaredDimensions)" }.joined(separator: ", ")
      throw CommandFailure("the tensors' sizes don't fit together: \(model) takes \(wanted) or less in its open sizes")
    }
    do {
      try session.bind(sizes: sizes)
    } catch {
      throw CommandFailure("\(model): \(error.message)")
    }
  }

  private func save(_ session: Session<CPUBackend>, _ program: Program, in folder: String) throws {
    try OutputFile.makeFolder(folder)
    for (index, port) in program.outputs.enumerated() {
      let name = port.name.map { $0 == "/" ? "_" : $0 }
      try OutputFile.write(session.output(index).npyBytes, to: "\(folder)/\(String(name)).npy")
    }
  }

  private func runImages(_ package: ModelPackage) throws {
    let vision = try VisionModel<CPUBackend>(package, options: options)
    if let annotate { try OutputFile.makeFolder(annotate) }
    var written: Set<String> = []
    for path in images {
      var image = try RGBImage(contentsOf: path)
      let outcome = image.withView { vision.prepare($0) }
      guard outcome == .prepared else { throw CommandFailure("\(path): can't be prepared: \(outcome)") }
      vision.run()
      let detections = vision.decode(threshold: threshold)
      if let saveTensors { try save(vision.session, package.program, in: saveTensors) }
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
