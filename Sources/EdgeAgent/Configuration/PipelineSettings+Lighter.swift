import ModelManifest
import YAMLReading

extension PipelineSettings {
  /// Reports a package that isn't one of the same labels, where both can be opened.
  static func readLighter(
    _ value: YAMLValue, _ model: ModelSource?, _ storage: StorageSettings, _ context: ConfigurationContext
  ) -> ModelSource? {
    guard let lighter = readModel(value, storage, hasUpdates: false, context) else { return nil }
    guard context.opensModels, let path = lighter.path else { return lighter }
    do throws(ModelPackageError) {
      let package = try ModelPackage(contentsOf: path)
      // What is wrong with the other one is reported there.
      guard let heavy = model?.path.flatMap({ try? ModelPackage(contentsOf: $0) }) else { return lighter }
      if let mistake = package.manifest.mistake(inPlaceOf: heavy.manifest) { value.report("\(value.path): \(mistake)") }
    } catch { value.report("\(value.path): \(error.description)") }
    return lighter
  }
}

extension Manifest {
  /// Why results of this model can't stand for those of another; nil where they can.
  func mistake(inPlaceOf other: Manifest) -> String? {
    guard task == other.task else { return "it is for \(task.rawValue), and the model in whose place it runs for \(other.task.rawValue)" }
    guard labels == other.labels else {
      return "it must have the model's labels, in their order; it has \(Self.list(labels)), and the model \(Self.list(other.labels))"
    }
    return nil
  }

  private static func list(_ labels: [String]) -> String {
    labels.isEmpty ? "none" : labels.prefix(20).joined(separator: ", ") + (labels.count > 20 ? " and \(labels.count - 20) more" : "")
  }
}
