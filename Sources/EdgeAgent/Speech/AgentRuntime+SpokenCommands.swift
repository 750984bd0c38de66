import JSONReading
import Updates

/// What spoken commands bring about.
extension AgentRuntime {
  /// Does what follows a command, in the order of its list. On the thread that records speech: it waits for the disk.
  func obey(_ result: SpokenResult) {
    guard let command = result.command?.command else { return }
    let words = "the spoken command \"\(command.inOneLine(limit: 200))\" (\(result.pipeline.name))"
    for action in result.actions {
      switch action {
      // Told when it was recorded.
      case .event: break
      case .snapshot(let name): picture(name, for: command, words)
      case .pause(let name): setPausedByVoice(true, name, words)
      case .resume(let name): setPausedByVoice(false, name, words)
      }
    }
  }

  private func picture(_ name: String, for command: String, _ words: String) {
    guard let desk = pipelines.first(where: { $0.name == name })?.snapshots else {
      return log.warning("pipeline \(name): waits for its model, and has no picture for \(words)", about: .pipeline(name))
    }
    if !desk.ask(for: command) { log.notice("pipeline \(name): \(words) gets no picture, as one is asked for already", about: .pipeline(name)) }
  }

  private func setPausedByVoice(_ isPaused: Bool, _ name: String, _ words: String) {
    let before: Pauses
    do throws(UpdatesError) { before = try pauses.set([name], paused: isPaused, by: [.voice], in: configuration.storage, apply) } catch {
      return log.event(.error, "\(words) didn't \(isPaused ? "pause" : "resume") \(name): \(error.message)")
    }
    let wasPaused = before.byVoice.contains(name)
    switch (isPaused, wasPaused) {
    case (true, false): log.event(.warning, "paused by \(words): \(name)")
    case (true, true): log.notice("\(words) changes nothing: a command has paused \(name) already")
    case (false, true): log.event(.notice, "\(before.byFleet.contains(name) ? "taken back" : "resumed") by \(words): \(name)")
    case (false, false): log.notice("\(words) changes nothing: no command has paused \(name)")
    }
    if !isPaused, before.byFleet.contains(name) {
      log.event(.warning, "\(name) stays paused: the fleet has paused it, and only the fleet resumes that (swiftlet release order)")
    }
    if isPaused != wasPaused { publisher.publishHealth(status) }
  }
}
