import CPUExecution
import ModelManifest
import Updates

extension AgentRuntime: ModelHost {
  /// Names in the store that pipelines run or wait for.
  private var modelNames: [String] {
    var names: [String] = []
    for name in configuration.pipelines.compactMap(\.model.name) where !names.contains(name) { names.append(name) }
    return names
  }

  /// Nil where the configuration has no updates.
  func makeUpdater(_ topics: RetainedTopics) throws(EdgeAgentError) -> Updater? {
    guard let settings = configuration.updates else { return nil }
    return try Updater(
      settings, configuration, names: modelNames, topics: topics, host: self, progress: ledger.stage("updates"), log: log,
      onFirstInstall: onFirstInstall
    ) { [publisher] in publisher.publish($0) }
  }

  func prepare(_ package: ModelPackage, as name: String, onStep: () -> Void) throws(EdgeAgentError) -> PreparedSwitch {
    var processors: [(pipeline: String, processor: FrameProcessor)] = []
    let sharing = SharedWeights(owner: package)
    for pipeline in pipelines where pipeline.settings.model.name == name {
      onStep()
      let processor = try withoutActuallyEscaping(onStep) { step throws(EdgeAgentError) in
        try FrameProcessor(
          package, pipeline.settings, sharing: sharing, devices: options.devices,
          manners: LoadingManners(onStep: step, turns: turns, frameSize: configuration.frameSize(of: pipeline.settings)))
      }
      processors.append((pipeline.name, processor))
    }
    // A pipeline that has waited for its first model isn't among them; the model must fit it all the same.
    if processors.isEmpty, let waiting = configuration.pipelines.first(where: { $0.model.name == name }) { _ = try FrameProcessor(package, waiting) }
    // One that comes after another can't begin before that one's model is there.
    let count = configuration.pipelines.count { pipeline in
      pipeline.model.name == name
        && (pipeline.after == nil
          || configuration.pipelines.contains { $0.name == pipeline.after && ($0.model.name == name || pipelines.map(\.name).contains($0.name)) })
    }
    return PreparedSwitch(processors: processors, hasWaiting: processors.count < count)
  }

  func commit(_ prepared: PreparedSwitch) {
    for (name, processor) in prepared.processors {
      processor.backend.tell(of: name, log)
      pipelines.first { $0.name == name }?.replaceModel(by: processor)
    }
  }

  func beginShadow(
    _ package: ModelPackage, of name: String, frameCount: Int, onFrame: @escaping @Sendable () -> Void
  ) throws(EdgeAgentError) -> ShadowRun? {
    // The one whose camera gives frames, where there are several.
    // What sees parts of a frame, several in some, can't be compared frame by frame.
    let running = pipelines.filter { $0.settings.model.name == name && $0.settings.crops == nil }
    let awake = running.filter { !$0.isPaused }
    guard let pipeline = (awake.isEmpty ? running : awake).max(by: { $0.usage.frames < $1.usage.frames }) else { return nil }
    let run = try ShadowRun(package, pipeline.settings, frameCount: frameCount, onFrame: onFrame)
    pipeline.setShadow(run)
    return run
  }

  func endShadow(of name: String) {
    for pipeline in pipelines where pipeline.settings.model.name == name { pipeline.setShadow(nil) }
  }

  func releaseRetired() {
    for pipeline in pipelines { pipeline.releaseRetired() }
  }

  func usage(of name: String) -> ModelUsage {
    var sum = ModelUsage()
    let running = pipelines.filter { $0.settings.model.name == name }
    sum.isPaused = !running.isEmpty && running.allSatisfy(\.isPaused)
    for pipeline in running {
      let usage = pipeline.usage
      sum.frames += usage.frames
      sum.inference += usage.inference
      sum.untimedFrames += usage.untimedFrames
      sum.faults += usage.faults
      sum.nonFiniteFrames += usage.nonFiniteFrames
      if usage.isOfDevice { sum.isOfDevice = true }
      if usage.isKeptOffDevice { sum.isKeptOffDevice = true }
      sum.deviceTrouble = sum.deviceTrouble ?? usage.deviceTrouble
    }
    return sum
  }
}

extension FrameProcessor {
  /// As a pipeline's settings want it.
  convenience init(
    _ package: ModelPackage, _ settings: PipelineSettings, sharing: SharedWeights? = nil, devices: ComputeDevices? = nil,
    manners: LoadingManners = LoadingManners()
  ) throws(EdgeAgentError) {
    try self.init(
      package, threshold: settings.threshold, threads: settings.threads ?? min(4, processorCount()), sharing: sharing, inspection: settings.inspection,
      backend: settings.backend, devices: devices, manners: manners)
  }
}
