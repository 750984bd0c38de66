import ArgumentParser
import ModelManifest

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a package holds: manifest, inputs, outputs, instructions, memory.",
    discussion: "Example: swiftlet inspect yolox-nano.swiftlet")

  @Argument(help: "A package, or an ONNX or TFLite file.")
  var model: String

  @OptionGroup var source: ModelSourceOptions

  @Flag(help: "One line of JSON.")
  var json = false

  @Flag(help: "List every instruction with its tensors.")
  var instructions = false

  func run() throws {
    let package = try source.package(at: model)
    let report = PackageReport(package)
    Terminal.show(json ? "\(report.json.text)\n" : report.text)
    guard instructions, !json else { return }
    for (index, instruction) in package.program.instructions.enumerated() {
      let output = package.program.tensors[Int(instruction.written)]
      Terminal.show("  \(index)  \(instruction.family)  \(output.elementType.name) \(output.dimensions)  \(output.name)\n")
    }
  }
}
