import Foundation
public import ModelFormat
public import ModelManifest
import Tensors

/// A package that finds the same two things in every frame: its outputs are constants, so tests of everything around the model
/// know what must come out.
public enum FixedPackage {
  public static let labels = ["scratch", "stain"]

  /// The file's bytes.
  ///
  /// - Parameters:
  ///   - golden: what it promises to compute; nothing by default.
  ///   - firstScore: what it computes for the first candidate's background, where that isn't the same as ever.
  public static func bytes(
    name: String = "fixed", version: String = "1", threshold: Float = 0.3, labels: [String] = labels, golden: GoldenOutputs? = nil,
    firstScore: Float = scores[0]
  ) -> [UInt8] {
    var manifest = manifest(name: name, threshold: threshold, labels: labels)
    (manifest.version, manifest.golden) = (version, golden)
    return PackageWriter.file([
      (.manifest, encoded(manifest)), (.program, program.encoded()),
      (
        .weights, ([firstScore] + scores.dropFirst() + boxes).flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
      ),
    ])
  }

  /// What the package really computes.
  public static let golden = GoldenOutputs(
    seed: 1, tolerance: 0.02, names: ["scores", "boxes"],
    tensors: [HostTensor(Array(scores.prefix(6)), dimensions: [1, 2, 3]), HostTensor(boxes, dimensions: [1, 2, 4])])

  /// Background, scratch, stain of each of two candidates.
  public static let scores: [Float] = [0.1, 0.9, 0, 0.25, 0, 0.75, 0, 0, 0, 0]
  /// Corners as shares of the input; the last two numbers fill the section to a multiple of 8.
  static let boxes: [Float] = [0.25, 0.25, 0.5, 0.5, 0.5, 0.5, 1, 1]

  public static func manifest(name: String, threshold: Float, labels: [String] = labels) -> Manifest {
    Manifest(
      name: name, version: "1", task: .detection, labels: labels,
      input: ImageInput(tensor: "image", width: 32, height: 32, fit: .stretch, deviation: [255, 255, 255]),
      decoding: .ssd(SSDDecoding(scores: "scores", boxes: "boxes", suppression: Suppression(scoreThreshold: threshold))))
  }

  /// A manifest as a package has it.
  public static func encoded(_ manifest: Manifest) -> [UInt8] {
    (try? JSONEncoder().encode(manifest)).map { [UInt8]($0) } ?? []
  }

  /// Its weight section.
  public static let weights = (scores + boxes).flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }

  public static let program = Program(
    tensors: [
      TensorDescription(name: "image", elementType: .float32, dimensions: [1, 32, 32, 3], storage: .arena(offset: 0)),
      TensorDescription(name: "scores", elementType: .float32, dimensions: [1, 2, 3], storage: .weights(offset: 0)),
      TensorDescription(name: "boxes", elementType: .float32, dimensions: [1, 2, 4], storage: .weights(offset: 40)),
    ],
    inputs: [Port(name: "image", tensor: 0, declaredType: .float32, declaredDimensions: [1, 3, 32, 32], permutation: [0, 2, 3, 1])],
    outputs: [
      Port(name: "scores", tensor: 1, declaredType: .float32, declaredDimensions: [1, 2, 3], permutation: [0, 1, 2]),
      Port(name: "boxes", tensor: 2, declaredType: .float32, declaredDimensions: [1, 2, 4], permutation: [0, 1, 2]),
    ], instructions: [], arenaByteCount: 12_288)
}

extension FixedPackage {
  /// The same program without any word on images and decoding.
  public static func rawBytes() -> [UInt8] {
    PackageWriter.file([
      (.manifest, encoded(Manifest(name: "raw", version: "1", task: .raw))), (.program, program.encoded()), (.weights, [UInt8](repeating: 0, count: 80)),
    ])
  }
}
