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
    if let vision = pipelines?.vision { pipelines?.vision = assignGates(vision, map, context) }
    warnOfUnused(map, pipelines, context)
    guard let device, let storage, let cameras, let microphones, let gates, let pipelines else { return nil }
    var configuration = AgentConfiguration(device: device, storage: storage, mqtt: mqtt ?? nil, cameras: cameras, pipelines: pipelines.vision)
    (configuration.microphones, configuration.speech) = (microphones, pipelines.speech)
    configuration.updates = updates ?? nil
    configuration.gates = gates
    configuration.page = page ?? nil
    if let degradation { configuration.degradation = degradation ?? DegradationSettings() }
    for pipeline in configuration.pipelines where pipeline.lighter != nil {
      guard let reason = configuration.reasonAgainstLighter(pipeline) else { continue }
      context.warn(map["pipelines"], "pipelines.\(pipeline.name).lighter: \(reason); its lighter model never runs")
    }
    return configuration
  }

  /// Pipelines of both kinds.
  private struct Pipelines {
    var vision: [PipelineSettings] = []
    var speech: [SpeechPipelineSettings] = []
  }

  private static func readPipelines(
    _ map: YAMLMapping, cameras: [String], _ surroundings: SpeechPipelineSettings.Surroundings, _ context: ConfigurationContext
  ) -> Pipelines {
    var pipelines = Pipelines()
    var maps: [String: YAMLMapping] = [:]
    for (name, value) in map.named("pipeline") {
      if PipelineSettings.reservedNames.contains(name) {
        map.report(name, "\"\(name)\" is one of the agent's own topics; choose another name for the pipeline")
      }
      _ = value.mapping { settings -> Bool in
        maps[name] = settings
        if listens(value, onlyMicrophones: cameras.isEmpty && !surroundings.microphones.isEmpty) {
          guard let read = SpeechPipelineSettings.read(settings, name: name, surroundings, context) else { return false }
          if let other = pipelines.speech.first(where: { $0.microphone == read.microphone }) {
            settings.report(
              "microphone", "pipelines.\(name).microphone: \"\(read.microphone)\" is listened to by \(other.name) already; one pipeline a microphone")
          }
          pipelines.speech.append(read)
        } else if let read = PipelineSettings.read(
          settings, name: name, cameras: cameras, storage: surroundings.storage, hasUpdates: surroundings.hasUpdates, encoding: surroundings.encoding, context)
        {
          pipelines.vision.append(read)
        }
        return true
      }
    }
    PipelineSettings.connect(&pipelines.vision, maps, context)
    PipelineSettings.checkBatches(pipelines.vision, maps, context)
    return pipelines
  }

  /// Says of each pipeline that judges parts which gate acts by it: one pipeline a gate.
  private static func assignGates(_ pipelines: [PipelineSettings], _ map: YAMLMapping, _ context: ConfigurationContext) -> [PipelineSettings] {
    let names = map["gates"].map(\.keys) ?? []
    var users: [String: String] = [:]
    let assigned = pipelines.map { pipeline in
      var pipeline = pipeline
      guard pipeline.inspection.parts != nil else {
        if pipeline.gate != nil { map.report("pipelines", "pipelines.\(pipeline.name).gate: nothing says what a part is; add \"parts\"") }
        return pipeline
      }
      if pipeline.gate == nil, names.count > 1 {
        map.report("pipelines", "pipelines.\(pipeline.name): there are several gates; say which one by \"gate\": \(names.joined(separator: ", "))")
      }
      pipeline.gate = pipeline.gate ?? names.first
      guard let gate = pipeline.gate else {
        context.warn(map["pipelines"], "pipelines.\(pipeline.name).parts: there is no gate (\"gates\"); verdicts are told, and nothing is rejected")
        return pipeline
      }
      if !names.contains(gate) {
        let hint =
          nearestName(to: gate, among: names).map { "did you mean \"\($0)\"?" } ?? (names.isEmpty ? "add \"gates\"" : "known: \(names.joined(separator: ", "))")
        map.report("pipelines", "pipelines.\(pipeline.name).gate: there is no gate \"\(gate)\"; \(hint)")
      } else if let other = users.updateValue(pipeline.name, forKey: gate) {
        map.report("pipelines", "pipelines.\(pipeline.name).gate: \"\(gate)\" acts by \(other) already; one pipeline a gate")
      }
      return pipeline
    }
    for name in names where users[name] == nil && pipelines.count == map["pipelines"]?.keys.count {
      context.warn(map["gates"], "no pipeline judges parts for the gate \"\(name)\"; it stays closed, and the gate in its safe position")
    }
    return assigned
  }

  /// Whether a pipeline is one with a microphone, however that is spelt.
  private static func listens(_ pipeline: YAMLValue, onlyMicrophones: Bool) -> Bool {
    let keys = pipeline.keys
    if keys.contains("microphone") { return true }
    return !keys.contains("camera") && !keys.contains("after") && (onlyMicrophones || keys.contains { nearestName(to: $0, among: ["microphone"]) != nil })
  }

  private static func warnOfUnused(_ map: YAMLMapping, _ pipelines: Pipelines?, _ context: ConfigurationContext) {
    // A pipeline with a mistake in it may mean any of them.
    guard let pipelines, pipelines.vision.count + pipelines.speech.count == map["pipelines"]?.keys.count else { return }
    for name in map["cameras"]?.keys ?? [] where !pipelines.vision.contains(where: { $0.camera == name }) {
      context.warn(map["cameras"], "no pipeline uses the camera \"\(name)\"; it stays closed")
    }
    for name in map["microphones"]?.keys ?? [] where !pipelines.speech.contains(where: { $0.microphone == name }) {
      context.warn(map["microphones"], "no pipeline uses the microphone \"\(name)\"; it stays closed")
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
