public import ModelManifest

/// What an ONNX file can't say: how its input is prepared, how its output is decoded, what it is called, and what it is
/// calibrated with.
public struct Recipe: Sendable, Equatable {
  public var name: String?
  public var version: String
  public var task: Manifest.Task
  public var labels: [String]
  public var input: ImageInput?
  public var decoding: Decoding?
  public var licence: String?
  public var provenance: String?
  /// Folder of calibration images, relative to the recipe's own folder.
  public var calibrationFolder: String?

  /// The manifest of a model compiled by this recipe.
  public func manifest(defaultName: String) -> Manifest {
    Manifest(
      name: name ?? defaultName, version: version, task: task, labels: labels, input: input, decoding: decoding, licence: licence, provenance: provenance)
  }
}
