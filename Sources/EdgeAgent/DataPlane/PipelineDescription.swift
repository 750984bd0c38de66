import ModelManifest

/// What stays the same for all results of a pipeline.
public final class PipelineDescription: Sendable {
  public let name: String
  public let camera: String
  public let modelName: String
  public let modelVersion: String
  public let labels: [String]
  /// Whether frames are classified as a whole, without boxes.
  public let isClassification: Bool
  public let reporting: PipelineSettings.Reporting
  /// Names of the lines whose crossings are counted.
  public let lines: [String]

  convenience init(_ settings: PipelineSettings, _ manifest: Manifest) {
    self.init(
      name: settings.name, camera: settings.camera, reporting: settings.reporting, lines: settings.inspection.lines.map(\.name),
      looksAtCrops: settings.crops != nil, manifest)
  }

  /// - Parameter looksAtCrops: whether what it classifies are parts of a frame, each with its box.
  init(
    name: String, camera: String, reporting: PipelineSettings.Reporting, lines: [String] = [], looksAtCrops: Bool = false, _ manifest: Manifest
  ) {
    self.name = name
    self.camera = camera
    self.reporting = reporting
    self.lines = lines
    modelName = manifest.name
    modelVersion = manifest.version
    labels = manifest.labels
    isClassification = manifest.task == .classification && !looksAtCrops
  }

  /// The class's name; its number where the package names none.
  public func label(_ index: Int) -> String {
    labels.indices.contains(index) ? labels[index] : "\(index)"
  }
}
