import YAMLReading

extension AgentConfiguration {
  /// Reads and checks a configuration file.
  ///
  /// - Parameters:
  ///   - environment: Looks a variable up, for secrets.
  ///   - opensModels: Whether a package that can't be opened, or gives no detections, is a mistake already, and a storage folder that can't be
  ///     written a warning. An agent finds out when it opens them.
  public static func read(
    path: String, environment: @escaping (String) -> String? = environmentVariable, opensModels: Bool = false
  ) -> ConfigurationReading {
    let bytes: [UInt8]
    do { bytes = try readFile(path, limit: YAMLLimits().byteCount + 1) } catch {
      // The error's description begins with the path as it is.
      let message = String(error.message.dropFirst(path.count + 1))
      return ConfigurationReading(mistakes: [YAMLError(.unreadable, file: path, line: 0, column: 0, message)], warnings: [])
    }
    return read(bytes, file: path, environment: environment, opensModels: opensModels)
  }

  /// - Parameter file: The name that messages carry; its folder is where relative paths begin.
  public static func read(
    _ bytes: [UInt8], file: String, environment: @escaping (String) -> String? = environmentVariable, opensModels: Bool = false
  ) -> ConfigurationReading {
    let root: YAMLNode
    do { root = try YAMLNode.parse(bytes, file: file) } catch { return ConfigurationReading(mistakes: [error], warnings: []) }
    let mistakes = YAMLMistakes(file: file)
    let context = ConfigurationContext(file: file, environment: environment, opensModels: opensModels)
    let configuration = root.readMapping(mistakes) { map in read(map, context) }
    return ConfigurationReading(
      configuration: mistakes.isEmpty ? configuration : nil, mistakes: mistakes.sorted, warnings: context.warnings.sorted)
  }

  private static func read(_ map: YAMLMapping, _ context: ConfigurationContext) -> AgentConfiguration? {
    let device = map.required("device")?.mapping(DeviceSettings.read)
    let storage = map["storage"].map { $0.mapping { StorageSettings.read($0, context) } } ?? StorageSettings()
    if map["storage"] == nil { storage?.checkFolder(nil, context) }
    let mqtt = map["mqtt"].map { $0.mapping { MQTTSettings.read($0, hasUpdates: map["updates"] != nil, context) } }
    let updates = map["updates"].map { $0.mapping { UpdateSettings.read($0, context) } }
    if map["updates"] != nil, map["mqtt"] == nil { map.report("updates", "updates: releases come over the broker; add \"mqtt\"") }
    let cameras = map.required("cameras")?.mapping { cameras in
      cameras.named("camera").compactMap { name, value in value.mapping { NamedCamera.read($0, name: name, context) } }
    }
    let cameraNames = map["cameras"].map(\.keys) ?? []
    let pipelines = map.required("pipelines")?.mapping { pipelines in
      pipelines.named("pipeline").compactMap { name, value in
        if PipelineSettings.reservedNames.contains(name) {
          pipelines.report(name, "\"\(name)\" is one of the agent's own topics; choose another name for the pipeline")
        }
        return value.mapping {
          PipelineSettings.read($0, name: name, cameras: cameraNames, storage: storage ?? StorageSettings(), hasUpdates: map["updates"] != nil, context)
        }
      }
    }
    if pipelines != nil, map["pipelines"].map(\.keys) == [] { map.report("pipelines", "pipelines: at least one is needed") }
    // A pipeline with a mistake in it may mean any camera.
    let isComplete = pipelines?.count == map["pipelines"]?.keys.count
    for name in cameraNames where isComplete && pipelines?.contains(where: { $0.camera == name }) == false {
      context.warn(map["cameras"], "no pipeline uses the camera \"\(name)\"; it stays closed")
    }
    guard let device, let storage, let cameras, let pipelines else { return nil }
    var configuration = AgentConfiguration(device: device, storage: storage, mqtt: mqtt ?? nil, cameras: cameras, pipelines: pipelines)
    configuration.updates = updates ?? nil
    return configuration
  }

  /// A part of the contract that this version doesn't carry out is refused rather than ignored.
  static func refuse(_ key: String, in map: YAMLMapping, _ what: String) {
    if map[key] != nil { map.report(key, "\(key): \(what) not available in this version; remove \"\(key)\"") }
  }
}

extension YAMLValue {
  /// The keys of a mapping; none for anything else.
  var keys: [String] {
    guard case .mapping(let entries) = node.content else { return [] }
    return entries.map(\.key)
  }
}
