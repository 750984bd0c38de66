import JSONReading
import Updates

/// Why a signed command isn't taken.
struct OrderRefusal: Error, Equatable {
  let reason: String
}

/// What became of a signed command.
struct OrderOutcome: Sendable {
  var outcome: CommandReply.Outcome
  var reason: String?
}

extension AgentRuntime {
  /// Waits for the disk.
  func admit(_ envelope: [UInt8]) -> Result<SignedCommand, OrderRefusal> {
    guard let updater else { return .failure(OrderRefusal(reason: "without \"updates\" in its configuration this device knows no fleet key")) }
    do throws(UpdatesError) { return .success(try updater.admission.admit(envelope)) } catch {
      return .failure(OrderRefusal(reason: "\(error.code.rawValue): \(error.message.inOneLine(limit: 400))"))
    }
  }

  /// Waits for the disk, and for the updater.
  ///
  /// - Returns: nil where this ends before it is done.
  func carryOut(_ command: SignedCommand) -> OrderOutcome? {
    guard let updater else { return nil }
    switch RemoteCommand(rawValue: command.name) {
    case .pause: return setPaused(true, command)
    case .resume: return setPaused(false, command)
    case .rollBack: return rollBack(command, updater)
    case .reload, .status, nil: return OrderOutcome(outcome: .refused, reason: "a command of this name isn't signed")
    }
  }

  func setPaused(_ isPaused: Bool, _ command: SignedCommand) -> OrderOutcome {
    let names = configuration.pipelines.map(\.name) + configuration.speech.map(\.name)
    if let subject = command.subject, !names.contains(subject) {
      let reason = "there is no pipeline ‘\(subject.inOneLine(limit: 200))’ here; there are: \(names.joined(separator: ", "))"
      return OrderOutcome(outcome: .refused, reason: reason)
    }
    let changed = command.subject.map { [$0] } ?? names
    do throws(UpdatesError) {
      // It takes back what was paused by voice, too.
      _ = try pauses.set(changed, paused: isPaused, by: isPaused ? [.fleet] : PauseOrigin.allCases, in: configuration.storage, apply)
    } catch { return OrderOutcome(outcome: .failed, reason: error.message) }
    let why = command.reason.map { ": \($0.inOneLine(limit: 200))" } ?? ""
    log.event(isPaused ? .warning : .notice, "\(isPaused ? "paused" : "resumed") by the fleet: \(changed.joined(separator: ", "))\(why)")
    publisher.publishHealth(status)
    return OrderOutcome(outcome: .done)
  }

  private func rollBack(_ command: SignedCommand, _ updater: Updater) -> OrderOutcome? {
    guard let name = command.subject else { return OrderOutcome(outcome: .refused, reason: "the command names no model") }
    switch updater.rollBack(name, reason: command.reason.map { $0.inOneLine(limit: 200) } ?? "the fleet told this device to go back") {
    case .done(let from, let to): return OrderOutcome(outcome: .done, reason: "\(name.inOneLine(limit: 200)) \(from.version) gave way to \(to.version)")
    case .refused(let reason): return OrderOutcome(outcome: .refused, reason: reason)
    case .failed(let reason): return OrderOutcome(outcome: .failed, reason: reason)
    case .ending: return nil
    }
  }
}
