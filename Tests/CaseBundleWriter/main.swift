import CPUExecution
import CaseBundle
import Foundation
import GoldenCases
import Imaging
import Inference
import ModelCompiler
import ModelFormat
import ModelManifest
import ONNX
import ObjectDetection
import Tensors

// Writes the bundle that an emulated device runs: every golden case with what ONNX Runtime makes of it (and, where it ends in
// integers, the very bits of this machine), and real models with this machine's bits.
// Usage:
//   case-bundle-writer --golden BUNDLE
//   case-bundle-writer --model BUNDLE NAME MODEL RECIPE IMAGE [CALIBRATION IMAGE]…   quantises where there are calibration images
//   case-bundle-writer --seeds FOLDER     the golden cases' programs, as Tests/Fuzzing/Program reads them
//   case-bundle-writer --packages FOLDER  a package of each golden case that is small

/// nil for what folds into constants alone or is refused: no device ever sees it.
func goldenCase(_ golden: GoldenCase) throws -> BundledCase? {
  let model = try golden.model()
  guard let compiled = try? ModelCompilation(model, name: golden.name).compiled() else { return nil }
  let inputs = try golden.inputs()
  let package = try ModelPackage(compiled.file(), origin: golden.name)
  let session = try unsafe Session<CPUBackend>(program: package.program, weights: package.weights, owner: package, options: CPUOptions(threads: 2))
  for (index, input) in inputs.enumerated() { try session.setInput(index, to: input) }
  session.run()
  var expectations: [BundledCase.Expectation] = []
  for (index, expected) in try golden.outputs().enumerated() {
    expectations.append(BundledCase.Expectation(output: index, tensor: expected, tolerance: try golden.allowance(expected, model)))
    let raw = try session.rawOutput(index)
    guard !raw.elementType.isFloating || golden.isQuantised else { continue }
    expectations.append(BundledCase.Expectation(output: index, tensor: try session.output(index), tolerance: 0))
  }
  return BundledCase(name: golden.name, package: compiled.file(), inputs: inputs, expectations: expectations)
}

/// A model by its recipe, in its own precision or quantised by images, with an image that this machine runs.
func modelCase(_ name: String, model path: String, recipe recipePath: String, image: String, calibration: [String]) throws -> BundledCase {
  var options = CompilationOptions()
  options.recipe = try Recipe(contentsOf: recipePath)
  guard let input = options.recipe?.input else { throw WrongUse(message: "\(recipePath) prepares no images") }
  let compilation = try ModelCompilation(ONNXModel(contentsOf: path), name: name, options: options)
  let compiled =
    calibration.isEmpty
    ? try compilation.compiled() : try compilation.quantised(by: Calibrator(compilation, input: .image(input)).calibrate(calibration, method: .minMax))
  let package = try ModelPackage(compiled.file(), origin: path)
  let program = package.program
  guard program.inputs.count == 1, program.inputs[0].name == input.tensor else { throw WrongUse(message: "\(path) has other inputs than one image") }
  let session = try unsafe Session<CPUBackend>(program: program, weights: package.weights, owner: package, options: CPUOptions(threads: 2))
  let tensor = program.tensors[Int(program.inputs[0].tensor)]
  let preparation = try ImagePreparation(input: input, tensor: tensor)
  let outcome = try RGBImage(contentsOf: image).withView { view in unsafe preparation.prepare(view, into: session.inputBytes(0)) }
  guard outcome == .prepared else { throw WrongUse(message: "\(image) can't be prepared: \(outcome)") }
  let stored = HostTensor(elementType: tensor.elementType, dimensions: tensor.dimensions, bytes: unsafe [UInt8](session.inputBytes(0)))
  session.run()
  let expectations = try program.outputs.indices.map { BundledCase.Expectation(output: $0, tensor: try session.output($0), tolerance: 0) }
  return BundledCase(name: name, package: compiled.file(), inputs: [stored], givesStoredInputs: true, expectations: expectations)
}

struct WrongUse: Error { var message: String }

extension ElementType {
  fileprivate var isFloating: Bool { self == .float32 || self == .float16 || self == .float64 }
}

/// A small program with its weights, for the fuzzer to begin with; nil where there is none.
func seed(_ golden: GoldenCase) -> [UInt8]? {
  guard let model = try? golden.model(), let compiled = try? ModelCompilation(model, name: golden.name).compiled(), compiled.weights.count <= 4096
  else { return nil }
  let units = (compiled.weights.count + 15) / 16
  let weights = compiled.weights + [UInt8](repeating: 0, count: 16 * units - compiled.weights.count)
  return [UInt8(units & 0xFF), UInt8(units >> 8)] + weights + compiled.program.encoded()
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "--golden" where arguments.count == 2:
  let cases = try GoldenCase.all.compactMap(goldenCase)
  try Data(CaseBundle.encode(cases)).write(to: URL(fileURLWithPath: arguments[1]))
  print("\(cases.count) of \(GoldenCase.all.count) golden cases run on a device; the rest folds into constants or is refused")
case "--model" where arguments.count >= 6:
  let bundled = try modelCase(arguments[2], model: arguments[3], recipe: arguments[4], image: arguments[5], calibration: Array(arguments.dropFirst(6)))
  try Data(CaseBundle.encode([bundled])).write(to: URL(fileURLWithPath: arguments[1]))
case "--seeds" where arguments.count == 2:
  for golden in GoldenCase.all { try seed(golden).map { try Data($0).write(to: URL(fileURLWithPath: "\(arguments[1])/\(golden.name)")) } }
case "--packages" where arguments.count == 2:
  for golden in GoldenCase.all {
    guard let compiled = try? ModelCompilation(golden.model(), name: golden.name).compiled(), compiled.weights.count <= 1024 else { continue }
    try Data(compiled.file()).write(to: URL(fileURLWithPath: "\(arguments[1])/\(golden.name)"))
  }
default:
  print("usage: case-bundle-writer --golden BUNDLE | --model BUNDLE NAME MODEL RECIPE IMAGE [CALIBRATION IMAGE]… | --seeds FOLDER | --packages FOLDER")
  exit(2)
}
