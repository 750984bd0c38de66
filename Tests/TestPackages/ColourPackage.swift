import ModelFormat
import ModelManifest
import Tensors

/// A package that judges the colour of frames: the scores of its classes are red, green and blue of the one pixel that it sees, 0…1. So tests say by
/// images what is found in them.
public enum ColourPackage {
  public static let labels = ["red", "green", "blue"]

  /// The file's bytes.
  public static func bytes() -> [UInt8] {
    let manifest = Manifest(
      name: "colours", version: "1", task: .classification, labels: labels,
      input: ImageInput(tensor: "image", width: 1, height: 1, fit: .stretch, deviation: [255, 255, 255]),
      decoding: .classification(ClassificationDecoding(output: "scores")))
    return PackageWriter.file([
      (.manifest, FixedPackage.encoded(manifest)), (.program, program.encoded()), (.weights, [UInt8](repeating: 0, count: 8)),
    ])
  }

  /// What it computes is what it is given.
  private static let program = Program(
    tensors: [
      TensorDescription(name: "image", elementType: .float32, dimensions: [1, 1, 1, 3], storage: .arena(offset: 0)),
      TensorDescription(name: "scores", elementType: .float32, dimensions: [1, 3], storage: .arena(offset: 0)),
    ],
    inputs: [Port(name: "image", tensor: 0, declaredType: .float32, declaredDimensions: [1, 3, 1, 1], permutation: [0, 2, 3, 1])],
    outputs: [Port(name: "scores", tensor: 1, declaredType: .float32, declaredDimensions: [1, 3], permutation: [0, 1])],
    instructions: [], arenaByteCount: 64)
}
