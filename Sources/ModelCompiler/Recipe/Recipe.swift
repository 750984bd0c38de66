public import ModelManifest
public import Tensors

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
  /// Inputs whose values are known, by name.
  public var constants: [String: HostTensor] = [:]
  /// Outputs that come back as inputs of the next run.
  public var states: [StateBinding] = []
  /// Folder of calibration images, relative to the recipe's own folder.
  public var calibrationFolder: String?

  /// The manifest of a model compiled by this recipe.
  public func manifest(defaultName: String) -> Manifest {
    Manifest(
      name: name ?? defaultName, version: version, task: task, labels: labels, input: input, decoding: decoding, states: states.isEmpty ? nil : states,
      licence: licence, provenance: provenance)
  }
}
