import Imaging
import ModelCompiler
import ModelFormat
import ModelManifest
import ObjectDetection
import Transcription

/// What a recipe says must fit the model when it is compiled, not on the device.
enum RecipeCheck {
  /// - Throws: one line that begins with the recipe's file and the line of the section that doesn't fit.
  static func check(_ package: ModelPackage, against recipe: Recipe) throws {
    let manifest = package.manifest
    let program: Program
    do throws(ModelFormatError) { program = try package.programForImages() } catch { throw CommandFailure("\(package.origin): \(error.message)") }
    if let input = manifest.input, let port = program.inputs.first(where: { $0.name == input.tensor }) {
      do throws(ImagingError) {
        _ = try ImagePreparation(input: input, tensor: program.tensors[Int(port.tensor)])
      } catch {
        throw CommandFailure("\(recipe.place(of: "input")): \(error.message)")
      }
      guard program.inputs.count == 1 || manifest.task == .raw else {
        let names = program.inputs.map(\.name).joined(separator: ", ")
        throw CommandFailure("\(recipe.place(of: "input")): the model has more inputs than the one image: \(names)")
      }
    }
    guard let decoding = manifest.decoding else { return }
    do {
      try check(decoding, of: program, manifest)
    } catch let error as ObjectDetectionError {
      throw CommandFailure("\(recipe.place(of: "decoding")): \(error.message)")
    } catch let error as TranscriptionError {
      throw CommandFailure("\(recipe.place(of: "decoding")): \(error.message)")
    }
  }

  private static func check(_ decoding: Decoding, of program: Program, _ manifest: Manifest) throws {
    switch decoding {
    case .ctc(let ctc): _ = try CTCGreedyDecoder(ctc, outputDimensions: dimensions(of: ctc.output, program))
    case .voiceActivity(let decoding): try decoding.check(dimensions(of: decoding.output, program))
    default:
      // A sound model's classes have no size in pixels.
      _ = try DetectionDecoder(
        decoding: decoding, labelCount: manifest.labels.count, inputWidth: manifest.input?.width ?? 1,
        inputHeight: manifest.input?.height ?? 1, outputs: ModelOutput.all(of: program))
    }
  }

  private static func dimensions(of output: String, _ program: Program) throws(TranscriptionError) -> [Int] {
    guard let port = program.outputs.first(where: { $0.name == output }) else {
      let names = program.outputs.map(\.name).joined(separator: ", ")
      throw TranscriptionError(.unsuitableOutput, "the recipe decodes output \(output), but the model has: \(names)")
    }
    return port.declaredDimensions
  }
}
