import JSONReading
import Pipelines
public import Updates

/// What a device said to a command.
public struct CommandAnswer: Equatable, Sendable {
  public let device: String
  /// "done", "refused" or "failed"; nil where it hasn't answered.
  public let outcome: String?
  /// Nil where there is nothing to say.
  public let reason: String?

  public var isDone: Bool { outcome == "done" }
}

extension BrokerSession {
  /// Gives commands to devices and waits for their answers. A device that is away finds its own at the broker, until it expires.
  ///
  /// - Parameters:
  ///   - patience: how long all of them are waited for.
  ///   - isOver: asked in between; nobody is waited for any more once it says so.
  /// - Returns: in the order of the commands.
  public func give(
    _ commands: [DeviceCommand], waiting patience: Duration, at time: DateTime, unless isOver: () -> Bool = { false }
  ) throws(ReleaseError) -> [CommandAnswer] {
    if patience > .zero { try follow(commands.map(\.replyTopic)) }
    for command in commands {
      let left = command.expires.seconds - time.seconds
      try publish([(command.topic, command.payload)], retained: false, expiry: .seconds(max(1, left)))
    }
    var answers: [String: CommandAnswer] = [:]
    let topics = commands.map(\.replyTopic)
    var count = 0
    let deadline = MonotonicClock.now().advanced(by: patience)
    while patience > .zero, answers.count < commands.count, MonotonicClock.now() < deadline, !isOver() {
      let replies = try arrived(on: topics, beyond: count)
      count = replies.values.reduce(0) { $0 + $1.count }
      for command in commands where answers[command.device] == nil {
        answers[command.device] = replies[command.replyTopic]?.lazy.compactMap { Self.answer($0, to: command) }.first
      }
    }
    return commands.map { answers[$0.device] ?? CommandAnswer(device: $0.device, outcome: nil, reason: nil) }
  }

  /// Whatever a device says comes from outside.
  private static func answer(_ payload: [UInt8], to command: DeviceCommand) -> CommandAnswer? {
    guard payload.count <= SignedCommand.largestByteCount * 4, case .object(let members)? = try? JSONParser.parse(payload, depthLimit: 8),
      members["counter"] == .whole(command.counter), case .string(let outcome)? = members["outcome"]
    else { return nil }
    var reason: String?
    if case .string(let text)? = members["reason"] { reason = text.inOneLine(limit: 400) }
    return CommandAnswer(device: command.device, outcome: outcome.inOneLine(limit: 16), reason: reason)
  }
}
