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
  /// The feature front end of a sound model.
  public var sound: SoundInput?
  /// Shapes of inputs whose dimensions the model leaves open, by input name; what the caller binds goes first.
  public var shapes: [String: [AxisSize]] = [:]
  public var decoding: Decoding?
  public var licence: String?
  public var provenance: String?
  /// Inputs whose values are known, by name.
  public var constants: [String: HostTensor] = [:]
  /// Outputs that come back as inputs of the next run.
  public var states: [StateBinding] = []
  /// Folder of calibration images, relative to the recipe's own folder.
  public var calibrationFolder: String?
  /// The file it was read from, and the lines of its sections: for messages.
  var file: String?
  var lines: [String: Int] = [:]

  /// Where a section stands, as `FILE:LINE`; `the recipe` where it was read from no file.
  public func place(of section: String) -> String {
    guard let file else { return "the recipe" }
    return lines[section].map { "\(file):\($0)" } ?? file
  }

  /// The manifest of a model compiled by this recipe.
  public func manifest(defaultName: String) -> Manifest {
    Manifest(
      name: name ?? defaultName, version: version, task: task, labels: labels, input: input, sound: sound, decoding: decoding,
      states: states.isEmpty ? nil : states, licence: licence, provenance: provenance)
  }
}
