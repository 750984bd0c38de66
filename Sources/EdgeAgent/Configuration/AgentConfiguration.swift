public import YAMLReading

/// Everything that a configuration file says; see `Examples/` for files that run.
///
/// Relative paths are relative to the configuration file's own folder. Whoever holds a value of this type holds a valid one:
/// names refer to things that are there, files that are needed can be read.
public struct AgentConfiguration: Equatable, Sendable {
  public var device: DeviceSettings
  public var storage: StorageSettings
  /// Default: none; results are then kept in the local outbox alone.
  public var mqtt: MQTTSettings?
  /// Default: none; models change only by hand.
  public var updates: UpdateSettings?
  /// In the file's order.
  public var cameras: [NamedCamera]
  /// Those with a camera, in the file's order; at least one of these or of `speech`.
  public var pipelines: [PipelineSettings]
  /// In the file's order. Default: none.
  public var microphones: [NamedMicrophone] = []
  /// The pipelines with a microphone, in the file's order.
  public var speech: [SpeechPipelineSettings] = []
  /// In the file's order. Default: none; verdicts on parts are then told, and nobody acts by them.
  public var gates: [NamedGate] = []
  /// Default: none; nobody can look at the agent over the network.
  public var page: PageSettings?
  public var degradation = DegradationSettings()

  public init(
    device: DeviceSettings, storage: StorageSettings = StorageSettings(), mqtt: MQTTSettings? = nil, cameras: [NamedCamera], pipelines: [PipelineSettings]
  ) {
    self.device = device
    self.storage = storage
    self.mqtt = mqtt
    self.cameras = cameras
    self.pipelines = pipelines
  }

  /// `swiftlet-SITE-DEVICE`
  public var clientIdentifier: String { "swiftlet-\(device.site)-\(device.identifier)" }

  /// `swiftlet/v1/SITE/DEVICE`
  public var topicRoot: String { "swiftlet/v1/\(device.site)/\(device.identifier)" }
}

extension AgentConfiguration {
  /// What the pipeline's camera is asked for; nil where that is left to the camera. One that follows another sees parts only, for which there is no room.
  func frameSize(of pipeline: PipelineSettings) -> (width: Int, height: Int)? {
    guard pipeline.after == nil else { return (1, 1) }
    return cameras.first { $0.name == pipeline.camera }?.settings.size
  }
}

/// What reading a configuration gave: the configuration where there is no mistake, and what a person should know besides.
public struct ConfigurationReading: Sendable {
  /// nil where `mistakes` isn't empty.
  public var configuration: AgentConfiguration?
  /// In the file's order, all that were found.
  public var mistakes: [YAMLError]
  /// What works but deserves a look.
  public var warnings: [YAMLError]
  /// What could be read of a file with mistakes, to look at and never to run: what has a mistake is missing, or has its default. Nil where not even the
  /// device has a name.
  public var draft: AgentConfiguration?
  /// Where the file says that an agent keeps its things, whatever else is wrong with it; nil where that can't be understood.
  public var storage: StorageSettings?
}
