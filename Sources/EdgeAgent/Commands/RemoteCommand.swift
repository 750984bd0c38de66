import YAMLReading

/// What a device can be told to do over the broker, where `mqtt.commands` lists it.
public enum RemoteCommand: String, CaseIterable, Sendable {
  /// Reads the configuration file anew and applies it, as SIGHUP does.
  case reload
  /// Answers with what the agent is doing.
  case status
  /// Stops a pipeline's inspection, or all of them, until `resume`, also over restarts.
  case pause
  case resume
  /// Makes a model's previous version run again, and never tries the present one again.
  case rollBack = "roll-back"

  /// Whoever knows the broker's password must not be able to stop an inspection or to change a model.
  var needsSignature: Bool {
    switch self {
    case .reload, .status: false
    case .pause, .resume, .rollBack: true
    }
  }

  /// Why a name is none of a command, and what was meant perhaps.
  static func refusal(of name: String) -> String {
    let names = allCases.map(\.rawValue)
    return "\"\(String(name.unicodeScalars.prefix(64)))\" is not known; "
      + (nearestName(to: name, among: names).map { "did you mean \"\($0)\"?" } ?? "known: \(names.joined(separator: ", "))")
  }

  /// `mqtt.commands`: a list of names, each once.
  ///
  /// - Parameter hasUpdates: whether the device knows the fleet's keys.
  static func readList(_ value: YAMLValue, hasUpdates: Bool) -> [RemoteCommand] {
    var commands: [RemoteCommand] = []
    _ = value.list { item -> RemoteCommand? in
      guard let name = item.string() else { return nil }
      guard let command = RemoteCommand(rawValue: name) else {
        item.report("\(item.path): \(refusal(of: name))")
        return nil
      }
      if commands.contains(command) { item.report("\(item.path): \"\(name)\" stands twice; remove one") }
      if command.needsSignature, !hasUpdates {
        item.report("\(item.path): \"\(name)\" must be signed by a fleet key; add \"updates\", whose root says which keys count")
      }
      commands.append(command)
      return command
    }
    return commands
  }
}
