import Capture
import Outbox
import Pipelines

/// What became of a command, as it goes out on `command/reply`.
struct CommandReply: Sendable {
  enum Outcome: String, Sendable {
    case done
    /// Nothing was begun: it can't be read, isn't allowed, or what it asks for isn't valid.
    case refused
    /// It was begun and didn't succeed; all is as it was.
    case failed
  }

  /// As far as it could be read.
  var command: String?
  var outcome: Outcome
  /// One line; nil where there is nothing to say.
  var reason: String?
  var status: Status?
  /// What the signed command that it answers says its counter is.
  var counter: Int?

  /// What the agent is doing, in few words.
  struct Status: Sendable {
    var agent: AgentStatus
    var commands: CommandCounters
  }

  static func refused(_ refusal: CommandRequest.Refusal) -> CommandReply {
    CommandReply(command: refusal.command, outcome: .refused, reason: refusal.reason, counter: refusal.counter)
  }

  func encoded() -> [UInt8] {
    var json = JSONWriter()
    json.object {
      $0.member("schema", 1)
      $0.key("command")
      if let command { $0.string(command) } else { $0.null() }
      $0.member("outcome", outcome.rawValue)
      $0.key("reason")
      if let reason { $0.string(Self.oneLine(reason)) } else { $0.null() }
      if let counter { $0.member("counter", counter) }
      if let status { $0.member("status", object: status.writeMembers) }
    }
    return json.bytes
  }

  private static func oneLine(_ text: String) -> String {
    String(text.split(whereSeparator: \.isNewline).joined(separator: " ").unicodeScalars.prefix(2000))
  }
}

/// What became of what came on `command`, since the agent started.
struct CommandCounters: Sendable, Equatable {
  /// Taken up, whatever came of it.
  var received: UInt64 = 0
  /// Not obeyed: unreadable, not allowed, too soon.
  var refused: UInt64 = 0
  /// Retained at the broker, and so passed over.
  var retained: UInt64 = 0
  /// Given up without an answer, as too many waited already.
  var dropped: UInt64 = 0
}

extension CommandReply.Status {
  func writeMembers(to json: inout JSONWriter) {
    json.member("version", agentVersion)
    json.member("uptime_s", max(0, agent.uptime.components.seconds))
    json.member("cameras", object: { for camera in agent.cameras { $0.member(camera.name, camera.state.word) } })
    json.member("microphones", object: { for speech in agent.speech { $0.member(speech.description.microphone, speech.state.word) } })
    json.member(
      "pipelines",
      object: {
        for pipeline in agent.pipelines {
          $0.member(
            pipeline.description.name,
            object: {
              $0.member("camera", pipeline.description.camera)
              $0.member("model", pipeline.description.modelName)
              $0.member("model_version", pipeline.description.modelVersion)
              $0.member("processed", pipeline.statistics.processed)
              $0.key("paused")
              $0.boolean(pipeline.isPaused)
            })
        }
        for speech in agent.speech { $0.member(speech.description.name, object: { Self.write(speech, &$0) }) }
      })
    json.member(
      "outbox",
      object: {
        $0.member("waiting", agent.queued)
        $0.member("accepted", agent.recorded)
        $0.member("delivered", agent.acknowledged)
      })
    json.member(
      "commands",
      object: {
        $0.member("received", commands.received)
        $0.member("refused", commands.refused)
        $0.member("retained", commands.retained)
        $0.member("dropped", commands.dropped)
      })
  }
}

extension CommandReply.Status {
  private static func write(_ speech: AgentStatus.Speech, _ json: inout JSONWriter) {
    json.member("microphone", speech.description.microphone)
    json.member("model", speech.description.modelName)
    json.member("model_version", speech.description.modelVersion)
    json.member("utterances", speech.statistics.utterances)
    json.member("commands", speech.statistics.commands)
    json.member("lost_ms", speech.lost.wholeNanoseconds / 1_000_000)
    json.member("dropped_ms", speech.dropped.wholeNanoseconds / 1_000_000)
    json.key("paused")
    json.boolean(speech.isPaused)
  }
}

extension CameraState {
  var word: String {
    switch self {
    case .starting: "starting"
    case .streaming: "streaming"
    case .waiting: "waiting"
    case .ended: "ended"
    }
  }
}
