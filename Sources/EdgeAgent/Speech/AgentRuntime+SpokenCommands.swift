import JSONReading
import Pipelines
import Updates

/// What spoken commands bring about.
extension AgentRuntime {
  /// What was said longer ago moves nothing any more: much may have changed since.
  private static let commandPatience = Duration.seconds(10)

  /// Does what follows a command, in the order of its list. On the thread that records speech: it waits for the disk.
  func obey(_ result: SpokenResult) {
    guard let command = result.command?.command, result.actions.contains(where: { $0 != .event }) else { return }
    let words = "the spoken command \"\(command.inOneLine(limit: 200))\" (\(result.pipeline.name))"
    let age = result.endedAt.duration(to: MonotonicClock.now())
    guard age <= Self.commandPatience else {
      return log.event(
        .warning, "\(words) moves nothing, as it was said \(age.components.seconds) s ago and is understood only now: the processor or the disk is behind")
    }
    for action in result.actions {
      switch action {
      // Told when it was recorded.
      case .event: break
      case .snapshot(let name): picture(name, for: command, since: result.endedAt, words)
      case .pause(let name): setPausedByVoice(true, name, words)
      case .resume(let name): setPausedByVoice(false, name, words)
      }
    }
  }

  private func picture(_ name: String, for command: String, since said: MonotonicInstant, _ words: String) {
    guard let desk = pipelines.first(where: { $0.name == name })?.snapshots else {
      return log.warning("pipeline \(name): waits for its model, and has no picture for \(words)", about: .pipeline(name))
    }
    if !desk.ask(for: command, since: said) {
      log.notice("pipeline \(name): \(words) gets no picture, as one is asked for already, or the pipeline ends", about: .pipeline(name))
    }
  }

  private func setPausedByVoice(_ isPaused: Bool, _ name: String, _ words: String) {
    let before: Pauses
    do throws(UpdatesError) { before = try pauses.set([name], paused: isPaused, by: [.voice], in: configuration.storage, apply) } catch {
      // It may be in the file all the same, and counts as the file says.
      var stands = false
      _ = pauses.look(in: configuration.storage) { stands = $0.byVoice.contains(name) }
      let outcome = stands == isPaused ? "counts, but may be forgotten at a power cut" : "changes nothing"
      log.event(.error, "\(words) to \(isPaused ? "pause" : "resume") \(name) \(outcome): \(error.message)")
      return publisher.publishHealth(status)
    }
    let wasPaused = before.byVoice.contains(name)
    switch (isPaused, wasPaused) {
    case (true, false):
      let followers = pipelines.filter { $0.settings.after == name }.map(\.name)
      let rest = followers.isEmpty ? "" : "; without its frames so are: \(followers.joined(separator: ", "))"
      log.event(.warning, "paused by \(words): \(name)\(rest)")
    case (true, true): log.notice("\(words) changes nothing: a spoken command has paused \(name) already")
    case (false, true): log.event(.notice, "\(before.byFleet.contains(name) ? "taken back" : "resumed") by \(words): \(name)")
    case (false, false): log.notice("\(words) changes nothing: no spoken command has paused \(name)")
    }
    if !isPaused, before.byFleet.contains(name) {
      log.event(.warning, "\(name) stays paused: the fleet has paused it, and only the fleet resumes that (swiftlet release order)")
    }
    if isPaused != wasPaused { publisher.publishHealth(status) }
  }
}
