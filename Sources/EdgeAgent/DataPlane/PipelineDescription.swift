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

  init(_ settings: PipelineSettings, _ manifest: Manifest) {
    name = settings.name
    camera = settings.camera
    modelName = manifest.name
    modelVersion = manifest.version
    labels = manifest.labels
    isClassification = manifest.task == .classification
    reporting = settings.reporting
  }

  /// The class's name; its number where the package names none.
  public func label(_ index: Int) -> String {
    labels.indices.contains(index) ? labels[index] : "\(index)"
  }
}
