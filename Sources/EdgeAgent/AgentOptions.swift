public import ModelManifest
public import Supervision

/// What a program may change about an agent beside its configuration.
public struct AgentOptions: Sendable {
  /// Opens a pipeline's package; where the agent keeps its files it may, too. Default: the file that the settings name, of which a copy stays as it is.
  public var openModel: @Sendable (PipelineSettings, StorageSettings) throws(EdgeAgentError) -> ModelPackage = { settings, storage throws(EdgeAgentError) in
    guard let path = settings.model.path else {
      throw EdgeAgentError(.model, "pipeline \(settings.name): there is no package of ‘\(settings.model.name ?? "")’ yet")
    }
    do throws(ModelPackageError) { return try ModelPackage(copying: path, to: storage.path, leaving: storage.reserve) } catch {
      throw EdgeAgentError(.model, "pipeline \(settings.name): \(error.description)")
    }
  }
  /// Sees every processed frame's result, on the recorder's thread, before it is recorded. Default: none.
  public var onResult: (@Sendable (FrameResult) -> Void)?
  /// Reads the configuration file anew, for `Agent.reload()` and the command `reload`. Default: there is none.
  public var readConfiguration: (@Sendable () -> ConfigurationReading)?
  /// Called each time a configuration has begun to run. Default: none.
  public var onStart: (@Sendable () -> Void)?
  /// The service manager. Default: none.
  public var notifier = SystemdNotifier { _ in nil }

  /// Where the machine's own state is read. Default: the kernel's files.
  public var sensors = MachineSensors()
  /// How often.
  var sensorInterval = Duration.seconds(2)
  /// Beside the processor. Default: the first CUDA device.
  var devices = ComputeDevices()

  public init() {}
}
