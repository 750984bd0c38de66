import CPUExecution
import Imaging
import Inference
import ModelFormat
import ModelManifest
import ObjectDetection
import Tensors

/// A compiled model that runs over files of a calibration set: what calibration and comparison look at.
final class SampleRun {
  private enum Preparation {
    case image(ImagePreparation)
    case sound(SoundPreparation)
  }

  let program: Program
  private let package: ModelPackage
  private let session: Session<CPUBackend>
  private let preparation: Preparation
  private let inputIndex: Int

  init(_ model: CompiledModel, input: CalibrationInput) throws(CompilerError) {
    do {
      package = try ModelPackage(model.file(), origin: model.manifest.name)
    } catch {
      throw CompilerError(.invalid, error.description)
    }
    program = package.program
    guard let index = program.inputs.firstIndex(where: { $0.name == input.tensor }) else {
      throw CompilerError(.invalid, "the model has no input '\(input.tensor)'")
    }
    inputIndex = index
    do throws(InferenceError) {
      session = try unsafe Session(program: program, weights: package.weights, owner: package, options: CPUOptions(threads: 2))
    } catch {
      throw CompilerError(.invalid, error.message)
    }
    let port = program.inputs[index]
    switch input {
    case .sound(let sound): preparation = .sound(try SoundPreparation(sound, dimensions: port.declaredDimensions))
    case .image(let image):
      do throws(ImagingError) { preparation = .image(try ImagePreparation(input: image, tensor: program.tensors[Int(port.tensor)])) } catch {
        throw CompilerError(.invalid, error.message)
      }
    }
  }

  /// The input's port.
  var input: Port { program.inputs[inputIndex] }

  /// Computes the outputs for a file. An unreadable one is an error: what is learnt without it might be wrong.
  func run(_ path: String) throws(CompilerError) {
    switch preparation {
    case .image(let preparation): try prepare(path, preparation)
    case .sound(let preparation):
      let features = try preparation.features(of: path)
      do throws(InferenceError) {
        unsafe try features.withUnsafeBufferPointer { (values) throws(InferenceError) in unsafe try session.writeReals(inputIndex, from: values) }
      } catch { throw CompilerError(.invalid, "\(path): \(error.message)") }
    }
    session.run()
  }

  private func prepare(_ path: String, _ preparation: ImagePreparation) throws(CompilerError) {
    let image: RGBImage
    do throws(ImagingError) {
      image = try RGBImage(contentsOf: path)
    } catch {
      throw CompilerError(.file, error.message)
    }
    let outcome = image.withView { view in unsafe preparation.prepare(view, into: session.inputBytes(inputIndex)) }
    guard outcome == .prepared else { throw CompilerError(.file, "\(path): can't be prepared: \(outcome)") }
  }

  /// The elements of a float output, in its declared order; nil where it isn't float.
  func output(_ position: Int) -> [Float]? {
    guard program.tensors[Int(program.outputs[position].tensor)].elementType == .float32 else { return nil }
    return unsafe [Float](session.outputBytes(position).bindMemory(to: Float.self))
  }

  /// What the file became, as the program holds it: of an image rows of pixels with their channels together; nil where the input isn't float.
  func preparedInput() -> [Float]? {
    guard program.tensors[Int(input.tensor)].elementType == .float32 else { return nil }
    return unsafe [Float](session.inputBytes(inputIndex).bindMemory(to: Float.self))
  }
}
