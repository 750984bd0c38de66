import CPUExecution
import Imaging
import Inference
import ModelFormat
public import ModelManifest
import ObjectDetection
import Tensors

/// Runs the float program over images and records what every value is like that quantisation has to know.
public struct Calibrator {
  private let package: ModelPackage
  private let input: ImageInput

  public init(_ compilation: ModelCompilation, input: ImageInput) throws(CompilerError) {
    let model = try compilation.observable()
    self.input = input
    do {
      package = try ModelPackage(model.file(), origin: model.manifest.name)
    } catch {
      throw CompilerError(.invalid, error.description)
    }
  }

  /// - Parameters:
  ///   - images: paths of the calibration set; an unreadable one is an error, since a range without it might be wrong.
  ///   - progress: called after each of the `passes(for:)` runs of each image.
  public func observe(_ images: [String], method: CalibrationMethod, progress: () -> Void = {}) throws(CompilerError) -> ObservedValues {
    var observed = ObservedValues(method: method)
    let program = package.program
    let session: Session<CPUBackend>
    let preparation: ImagePreparation
    guard let index = program.inputs.firstIndex(where: { $0.name == input.tensor }) else {
      throw CompilerError(.invalid, "the model has no input '\(input.tensor)'")
    }
    do throws(InferenceError) {
      session = try unsafe Session(program: program, weights: package.weights, owner: package, options: CPUOptions(threads: 2))
    } catch {
      throw CompilerError(.invalid, error.message)
    }
    do throws(ImagingError) {
      preparation = try ImagePreparation(input: input, tensor: program.tensors[Int(program.inputs[index].tensor)])
    } catch {
      throw CompilerError(.invalid, error.message)
    }
    for pass in 0..<Self.passes(for: method) {
      for path in images {
        try prepare(path, by: preparation, into: session, index)
        session.run()
        record(session, program, &observed, inputIndex: index, countsBins: pass == 1)
        if pass == 0 { observed.countSample() }
        progress()
      }
    }
    return observed
  }

  /// How often every image runs: histograms need the ranges of a pass before.
  public static func passes(for method: CalibrationMethod) -> Int { method == .minMax ? 1 : 2 }

  private func prepare(_ path: String, by preparation: ImagePreparation, into session: Session<CPUBackend>, _ index: Int) throws(CompilerError) {
    let image: RGBImage
    do throws(ImagingError) {
      image = try RGBImage(contentsOf: path)
    } catch {
      throw CompilerError(.file, error.message)
    }
    let outcome = image.withView { view in unsafe preparation.prepare(view, into: session.inputBytes(index)) }
    guard outcome == .prepared else { throw CompilerError(.file, "\(path): can't be prepared: \(outcome)") }
  }

  private func record(_ session: Session<CPUBackend>, _ program: Program, _ observed: inout ObservedValues, inputIndex: Int, countsBins: Bool) {
    func record(_ name: String, _ elements: [Float], _ dimensions: [Int]) {
      if countsBins { observed.count(name, elements) } else { observed.observe(name, elements, dimensions: dimensions) }
    }
    for (position, port) in program.outputs.enumerated() where program.tensors[Int(port.tensor)].elementType == .float32 {
      record(port.name, unsafe [Float](session.outputBytes(position).bindMemory(to: Float.self)), port.declaredDimensions)
    }
    let input = program.inputs[inputIndex]
    // The input lies channels-last: it has a range, and no channels here.
    if program.tensors[Int(input.tensor)].elementType == .float32 {
      record(input.name, unsafe [Float](session.inputBytes(inputIndex).bindMemory(to: Float.self)), [])
    }
  }
}
