import CPUExecution
import ModelManifest

/// The packages of one configuration, each opened once, and their weights in memory once, however many pipelines run them.
struct OpenedModels {
  private let options: AgentOptions
  private let storage: StorageSettings
  private let log: AgentLog
  private var packages: [(file: FileIdentity, package: ModelPackage, weights: SharedWeights)] = []

  init(_ options: AgentOptions, _ storage: StorageSettings, _ log: AgentLog) { (self.options, self.storage, self.log) = (options, storage, log) }

  mutating func open(_ settings: PipelineSettings) throws(EdgeAgentError) -> (ModelPackage, SharedWeights) {
    let file = settings.model.path.flatMap { FileIdentity($0) }
    if let found = known(file) { return found }
    return keep(try options.openModel(settings, storage), as: file)
  }

  /// Of a pipeline that hears.
  mutating func package(at path: String) throws(ModelPackageError) -> ModelPackage {
    let file = FileIdentity(path)
    if let found = known(file) { return found.package }
    return keep(try ModelPackage(copying: path, to: storage.path, leaving: storage.reserve), as: file).package
  }

  private func known(_ file: FileIdentity?) -> (package: ModelPackage, weights: SharedWeights)? {
    packages.first { $0.file == file }.map { ($0.package, $0.weights) }
  }

  /// - Parameter file: as it was before the package was opened: should it change meanwhile, it is another one.
  private mutating func keep(_ package: ModelPackage, as file: FileIdentity?) -> (package: ModelPackage, weights: SharedWeights) {
    let weights = SharedWeights(owner: package)
    if let file {
      tellWhereItLies(package)
      packages.append((file, package, weights))
    }
    return (package, weights)
  }

  private func tellWhereItLies(_ package: ModelPackage) {
    guard package.isInMemory else { return }
    let room = "\(storage.path) can't be written or hasn't room for it beside the outbox"
    log.notice("\(package.origin): its \((package.byteCount + 999_999) / 1_000_000) MB are held in memory, as \(room)")
  }
}
