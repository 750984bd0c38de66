import ArgumentParser
import ModelManifest

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a package holds: manifest, inputs, outputs, instructions, memory.",
    discussion: """
      An ONNX file is shown as the package that it makes; where it makes none as it stands (open shapes, missing operators), by what the \
      file itself says, and why.

      Examples: swiftlet inspect yolox-nano.swiftlet
                swiftlet inspect model.onnx --shape x=1x3x320x320
      """)

  @Argument(help: "A package, or an ONNX or TFLite file.")
  var model: String

  @OptionGroup var source: ModelSourceOptions

  @Flag(help: "One line of JSON.")
  var json = false

  @Flag(help: "List every instruction with its tensors.")
  var instructions = false

  func run() throws {
    guard let package = try package() else { return }
    let report = PackageReport(package, isCompiled: try FileStart.isPackage(model))
    Terminal.show(json ? "\(report.json.text)\n" : report.text)
    guard instructions, !json else { return }
    for (index, instruction) in package.program.instructions.enumerated() {
      let output = package.program.tensors[Int(instruction.written)]
      Terminal.show("  \(index)  \(instruction.family)  \(output.elementType.name) \(output.dimensions)  \(output.name)\n")
    }
  }

  /// The package; nil for an ONNX file that makes none as it stands, after what the file says was shown.
  private func package() throws -> ModelPackage? {
    do {
      return try source.package(at: model)
    } catch let failure as CommandFailure where failure.status == .unsupported {
      let file = try source.explaining(model) { try ModelFile.read(model) }
      let report = ModelFileReport(file, name: FilePath.stem(of: model), reason: failure.message)
      Terminal.show(json ? "\(report.json.text)\n" : report.text)
      return nil
    }
  }
}
