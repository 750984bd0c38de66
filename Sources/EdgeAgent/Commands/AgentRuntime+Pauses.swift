import Updates

/// Which of its pipelines stand still, and by whose word.
extension AgentRuntime {
  /// What was paused stays so when the agent starts anew.
  func restorePauses() {
    applyPauses()
    let paused = pipelines.filter(\.isPaused).map(\.name) + speech.filter(\.isPaused).map(\.name)
    _ = pauses.look(in: configuration.storage) { known in
      for name in paused {
        let isByFleet = known.byFleet.contains(name)
        let words = isByFleet ? "a command of the fleet, until it is told to resume" : "a spoken command, until one resumes it"
        log.warning("pipeline \(name): paused by \(words)", about: .pipeline(name))
      }
    }
  }

  /// As the files say. One that can't be read leaves all as it is.
  func applyPauses() {
    for problem in pauses.look(in: configuration.storage, apply) { log.error(problem) }
  }

  /// Forgets what no command could resume any more: one that was renamed, or whose command is gone, would stand still for ever. Not before all of it runs:
  /// should this configuration not come to that, the one before goes on as it was.
  func forgetLostPauses() {
    var lost: [String] = []
    _ = pauses.look(in: configuration.storage) { lost = $0.byVoice.subtracting(configuration.resumableByVoice).sorted() }
    guard !lost.isEmpty else { return }
    for name in lost {
      log.event(.warning, "pipeline \(name): a spoken command paused it, and none of this configuration resumes it: that pause is over")
    }
    do throws(UpdatesError) { _ = try pauses.set(lost, paused: false, by: [.voice], in: configuration.storage, apply) } catch {
      log.error("pauses that are over can't be taken off the disk: \(error.message)")
    }
  }

  func apply(_ known: Pauses) {
    let paused = known.byFleet.union(known.byVoice.intersection(configuration.resumableByVoice))
    for pipeline in pipelines { pipeline.isPaused = paused.contains(pipeline.name) }
    for worker in speech { worker.isPaused = paused.contains(worker.name) }
  }
}
