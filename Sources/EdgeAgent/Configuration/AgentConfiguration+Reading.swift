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
    do { root = try YAMLNode.parse(bytes, file: file) } catch {
      var mistake = error
      if error.code == .empty {
        mistake = YAMLError(
          .empty, file: file, line: 0, column: 0, "is empty; it needs \"device\", \"cameras\" and \"pipelines\", as Examples/conveyor.yaml has them")
      }
      return ConfigurationReading(mistakes: [mistake], warnings: [])
    }
    let mistakes = YAMLMistakes(file: file)
    let context = ConfigurationContext(file: file, environment: environment, opensModels: opensModels)
    var storage: StorageSettings?
    let draft = root.readMapping(mistakes) { map in read(map, context, &storage) }
    return ConfigurationReading(
      configuration: mistakes.isEmpty ? draft : nil, mistakes: mistakes.sorted, warnings: context.warnings(ofFileWithMistakes: !mistakes.isEmpty), draft: draft,
      storage: storage)
  }

  /// - Parameter storage: set to what the file says of it, where that can be understood.
  /// - Returns: what could be read, where that has an identity. What is missing has a mistake.
  private static func read(_ map: YAMLMapping, _ context: ConfigurationContext, _ found: inout StorageSettings?) -> AgentConfiguration? {
    let device = map.required("device")?.mapping(DeviceSettings.read)
    let storage = map["storage"].map { $0.mapping { StorageSettings.read($0, context) } } ?? StorageSettings()
    if map["storage"] == nil { storage?.checkFolder(nil, context) }
    if map["storage"] != nil || !map.hasUnknownKeys(near: ["storage"]) { found = storage }
    let mqtt = map["mqtt"].map { $0.mapping { MQTTSettings.read($0, hasUpdates: map["updates"] != nil, context) } }
    let updates = map["updates"].map { $0.mapping { UpdateSettings.read($0, context) } }
    if map["updates"] != nil, map["mqtt"] == nil { map.report("updates", "updates: releases come over the broker; add \"mqtt\"") }
    let page = map["page"].map { $0.mapping { PageSettings.read($0, context) } }
    let degradation = map["degradation"].map { $0.mapping(DegradationSettings.read) }
    // One of the two is enough.
    let cameras =
      (map["microphones"] == nil ? map.required("cameras") : map["cameras"])
      .map { $0.mapping { cameras in cameras.named("camera").compactMap { name, value in value.mapping { NamedCamera.read($0, name: name, context) } } } } ?? []
    let microphones =
      map["microphones"].map {
        $0.mapping { all in all.named("microphone").compactMap { name, value in value.mapping { NamedMicrophone.read($0, name: name, context) } } }
      } ?? []
    let surroundings = SpeechPipelineSettings.Surroundings(
      microphones: map["microphones"].map(\.keys) ?? [], storage: storage ?? StorageSettings(), hasUpdates: map["updates"] != nil,
      encoding: mqtt??.encoding ?? .swiftlet)
    let gates =
      map["gates"].map { $0.mapping { all in all.named("gate").compactMap { name, value in value.mapping { NamedGate.read($0, name: name, context) } } } } ?? []
    var pipelines = map.required("pipelines")?.mapping { readPipelines($0, cameras: map["cameras"].map(\.keys) ?? [], surroundings, context) }
    if pipelines != nil, map["pipelines"].map(\.keys) == [] { map.report("pipelines", "pipelines: at least one is needed") }
    pipelines?.assignGates(map, context)
    pipelines?.checkSpokenActions(context)
    warnOfUnused(map, pipelines, context)
    guard let device else { return nil }
    var configuration = AgentConfiguration(
      device: device, storage: storage ?? StorageSettings(), mqtt: mqtt ?? nil, cameras: cameras ?? [], pipelines: pipelines?.vision ?? [])
    (configuration.microphones, configuration.speech) = (microphones ?? [], pipelines?.speech ?? [])
    configuration.updates = updates ?? nil
    configuration.gates = gates ?? []
    configuration.page = page ?? nil
    if let degradation { configuration.degradation = degradation ?? DegradationSettings() }
    for pipeline in configuration.pipelines where pipeline.lighter != nil {
      guard let reason = configuration.reasonAgainstLighter(pipeline) else { continue }
      context.conclude(map["pipelines"], "pipelines.\(pipeline.name).lighter: \(reason); its lighter model never runs")
    }
    return configuration
  }

  private static func readPipelines(
    _ map: YAMLMapping, cameras: [String], _ surroundings: SpeechPipelineSettings.Surroundings, _ context: ConfigurationContext
  ) -> ReadPipelines {
    var pipelines = ReadPipelines()
    for (name, value) in map.named("pipeline") {
      pipelines.names.append(name)
      if PipelineSettings.reservedNames.contains(name) {
        map.report(name, "\"\(name)\" is one of the agent's own topics; choose another name for the pipeline")
      }
      _ = value.mapping { settings -> Bool in
        if listens(value, onlyMicrophones: cameras.isEmpty && !surroundings.microphones.isEmpty) {
          pipelines.hearing.append(name)
          guard let read = SpeechPipelineSettings.read(settings, name: name, surroundings, &pipelines.actions, context) else { return false }
          if let other = pipelines.speech.first(where: { $0.microphone == read.microphone }) {
            settings.report(
              "microphone", "pipelines.\(name).microphone: \"\(read.microphone)\" is listened to by \(other.name) already; one pipeline a microphone")
          }
          pipelines.speech.append(read)
          return true
        }
        pipelines.maps[name] = settings
        if let read = PipelineSettings.read(
          settings, name: name, cameras: cameras, storage: surroundings.storage, hasUpdates: surroundings.hasUpdates, encoding: surroundings.encoding, context)
        {
          pipelines.vision.append(read)
        }
        return true
      }
    }
    PipelineSettings.connect(&pipelines.vision, pipelines.maps, context)
    PipelineSettings.checkBatches(pipelines.vision, pipelines.maps, context)
    return pipelines
  }

  /// Whether a pipeline is one with a microphone, however that is spelt.
  private static func listens(_ pipeline: YAMLValue, onlyMicrophones: Bool) -> Bool {
    let keys = pipeline.keys
    if keys.contains("microphone") { return true }
    return !keys.contains("camera") && !keys.contains("after") && (onlyMicrophones || keys.contains { nearestName(to: $0, among: ["microphone"]) != nil })
  }

  private static func warnOfUnused(_ map: YAMLMapping, _ pipelines: ReadPipelines?, _ context: ConfigurationContext) {
    guard let pipelines else { return }
    for name in map["cameras"]?.keys ?? [] where !pipelines.vision.contains(where: { $0.camera == name }) {
      context.conclude(map["cameras"], "no pipeline uses the camera \"\(name)\"; it stays closed")
    }
    for name in map["microphones"]?.keys ?? [] where !pipelines.speech.contains(where: { $0.microphone == name }) {
      context.conclude(map["microphones"], "no pipeline uses the microphone \"\(name)\"; it stays closed")
    }
  }
}

extension YAMLValue {
  /// The keys of a mapping; none for anything else.
  var keys: [String] {
    guard case .mapping(let entries) = node.content else { return [] }
    return entries.map(\.key)
  }
}
