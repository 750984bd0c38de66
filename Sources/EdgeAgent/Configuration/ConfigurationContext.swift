import YAMLReading

/// What the sections share while a configuration is read.
final class ConfigurationContext {
  /// Where relative paths begin.
  let folder: String
  let environment: (String) -> String?
  let warnings: YAMLMistakes
  /// Warnings that hold only where the whole file has no mistake.
  private let conclusions: YAMLMistakes
  /// Whether the packages that pipelines name are opened and checked, too, and the storage folder looked at.
  let opensModels: Bool

  init(file: String, environment: @escaping (String) -> String?, opensModels: Bool = false) {
    self.opensModels = opensModels
    self.folder = folderOf(file)
    self.environment = environment
    self.warnings = YAMLMistakes(file: file)
    self.conclusions = YAMLMistakes(file: file)
  }

  func warn(_ value: YAMLValue?, _ message: String) {
    warnings.report(.invalidValue, line: value?.node.line ?? 0, column: value?.node.column ?? 0, message)
  }

  /// Warns of what follows from several parts of the file; a mistake in one of them may be all that it follows from.
  func conclude(_ value: YAMLValue?, _ message: String) {
    conclusions.report(.invalidValue, line: value?.node.line ?? 0, column: value?.node.column ?? 0, message)
  }

  /// All that is worth a look, in the file's order.
  func warnings(ofFileWithMistakes hasMistakes: Bool) -> [YAMLError] {
    if !hasMistakes { for one in conclusions.errors { warnings.report(one.code, line: one.line, column: one.column, one.message) } }
    return warnings.sorted
  }

  /// An absolute path as it is, any other from the configuration's folder.
  func resolve(_ path: String) -> String {
    path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
  }

  /// The path of a file that must be there and readable; a mistake, and nil, where it isn't.
  func file(_ value: YAMLValue?) -> String? {
    guard let value, let text = value.string() else { return nil }
    let path = resolve(text)
    do { try checkReadable(path) } catch {
      value.report("\(value.path): \(error.message)")
      return nil
    }
    return path
  }
}
