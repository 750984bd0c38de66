import Inspection
import Outbox
import Pipelines
import Supervision

/// Looks at what the sensors have said, at once and then at a steady interval.
struct MachineService: Service {
  let name = "machine"
  let interval: Duration
  let look: @Sendable () -> Void

  func run() async throws {
    while !Task.isCancelled {
      look()
      try await Task.sleep(for: interval)
    }
  }
}

/// What becomes of a strained machine's pipelines.
extension AgentRuntime {
  /// For one thread at a time.
  func lookAtMachine() {
    noteRates()
    let change = watch.look(at: MonotonicClock.now())
    if let change { for pipeline in pipelines { pipeline.degradation = change.step } }
    noteTrials()
    // Each tells what it is about, beside its results: whoever counts parts by them has to know.
    for pipeline in pipelines where pipeline.settings.after == nil && configuration.reasonToKeepAll(pipeline.settings) == nil {
      let (isLight, count) = pipeline.lighterSwitches
      let switches = count - (switchesBefore[pipeline.name] ?? 0)
      switchesBefore[pipeline.name] = count
      // There and back since the last look is two switches, of which the later one counts for what follows.
      if switches > 0, switches.isMultiple(of: 2) { tellSwitch(of: pipeline, !isLight, change: nil) }
      if switches > 0 || change != nil { tellSwitch(of: pipeline, isLight, change: change, isSwitch: switches > 0) }
    }
  }
}

extension AgentRuntime {
  /// A trial that goes on after a restart does so from the first frame on.
  func expectTrials() {
    guard configuration.updates != nil else { return }
    var journal = UpdateJournal(path: UpdateJournal.path(in: configuration.storage.updatesFolder))
    for pipeline in pipelines where pipeline.hasLighter {
      pipeline.isOnTrial = pipeline.settings.model.name.flatMap { journal.watch(of: $0, in: configuration.storage.modelsFolder) } != nil
    }
  }

  /// A model that is being tried runs itself.
  private func noteTrials() {
    // Before the updater has said what it tries, what was known at the start holds.
    guard let models = publisher.models?.models else { return }
    for pipeline in pipelines where pipeline.hasLighter {
      let stage = pipeline.settings.model.name.flatMap { models[$0]?.candidate?.stage }
      // Between the two it may have taken over already.
      pipeline.isOnTrial = stage == .testing || stage == .watching
    }
  }

  /// - Parameter change: nil where the step stays: a trial that begins or ends changes models, too.
  private func tellSwitch(of pipeline: PipelineWorker, _ isLight: Bool, change: MachineWatch.Change?, isSwitch: Bool = true) {
    let (name, step) = (pipeline.name, watch.current.step)
    if isSwitch { log.notice("pipeline \(name): its \(isLight ? "lighter" : "own") model runs from now on", about: .pipeline(name)) }
    let change = change ?? MachineWatch.Change(before: step, step: step, reasons: watch.current.reasons)
    let spared = pipeline.statistics.sparedCount
    let since = spared - (sparedBefore[name] ?? 0)
    sparedBefore[name] = spared
    publisher.recordEvent(DegradationMessage(change, spared: since, isLight: pipeline.hasLighter ? isLight : nil), of: name)
  }
}

extension DegradationMessage {
  init(_ change: MachineWatch.Change, spared: UInt64, isLight: Bool?) {
    self.init(
      capturedAt: MonotonicClock.wallTime(), clock: .current(), before: change.before, step: change.step, reasons: change.reasons, spared: spared,
      isLight: isLight)
  }
}

extension AgentConfiguration {
  /// Why a pipeline with a camera leaves out no frame, however strained the machine is; nil where it does. For a person, after its name.
  func reasonToKeepAll(_ pipeline: PipelineSettings) -> String? {
    if pipeline.inspection.parts != nil { return "judges parts" }
    let group = [pipeline] + pipelines.filter { $0.after == pipeline.name }
    if group.contains(where: { $0.inspection.rules.contains(where: \.rejects) }) { return "works a gate" }
    if pipeline.frameCount != nil { return "is to process a number of frames" }
    if case .folder = cameras.first(where: { $0.name == pipeline.camera })?.source { return "replays pictures" }
    return nil
  }

  /// Why a pipeline's lighter model never runs; nil where it may.
  func reasonAgainstLighter(_ pipeline: PipelineSettings) -> String? {
    degradation.isEnabled ? reasonToKeepAll(pipeline).map { "\(pipeline.name) \($0)" } : "degradation isn't enabled"
  }

  /// What is to be said beside the reasons of a step.
  var keptInFull: [String] {
    guard degradation.isEnabled else { return [] }
    return pipelines.filter { $0.after == nil }.compactMap { pipeline in
      reasonToKeepAll(pipeline).map { "\(pipeline.name) \($0) and leaves nothing out" }
    }
  }
}
