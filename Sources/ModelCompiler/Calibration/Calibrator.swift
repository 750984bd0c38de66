import CPUExecution
import Imaging
import Inference
import ModelFormat
public import ModelManifest
import ObjectDetection
import Tensors

/// Runs the float program over images and records the range of every value that quantisation has to know.
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
  ///   - progress: called after each image.
  public func ranges(of images: [String], progress: () -> Void = {}) throws(CompilerError) -> ObservedRanges {
    var ranges = ObservedRanges()
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
    for path in images {
      try prepare(path, by: preparation, into: session, index)
      session.run()
      observe(session, program, &ranges, inputIndex: index)
      ranges.countSample()
      progress()
    }
    return ranges
  }

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

  private func observe(_ session: Session<CPUBackend>, _ program: Program, _ ranges: inout ObservedRanges, inputIndex: Int) {
    for (position, port) in program.outputs.enumerated() {
      let tensor = program.tensors[Int(port.tensor)]
      guard tensor.elementType == .float32 else { continue }
      let elements = unsafe [Float](session.outputBytes(position).bindMemory(to: Float.self))
      ranges.observe(port.name, elements)
    }
    let tensor = program.tensors[Int(program.inputs[inputIndex].tensor)]
    if tensor.elementType == .float32 {
      ranges.observe(program.inputs[inputIndex].name, unsafe [Float](session.inputBytes(inputIndex).bindMemory(to: Float.self)))
    }
  }
}
