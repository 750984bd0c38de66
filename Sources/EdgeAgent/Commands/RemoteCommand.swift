import YAMLReading

/// What a device can be told to do over the broker, where `mqtt.commands` lists it.
public enum RemoteCommand: String, CaseIterable, Sendable {
  /// Reads the configuration file anew and applies it, as SIGHUP does.
  case reload
  /// Answers with what the agent is doing.
  case status

  /// Whoever knows the broker's password must not be able to ask for these.
  private static let signed = ["pause", "resume", "roll back", "roll-back", "roll_back", "rollback"]

  /// Why a name is none of a command, and what was meant perhaps.
  static func refusal(of name: String) -> String {
    let shown = "\"\(String(name.unicodeScalars.prefix(64)))\""
    if signed.contains(name) { return "\(shown) must be signed by a fleet key, which comes with model updates; this version doesn't obey it" }
    let names = allCases.map(\.rawValue)
    return "\(shown) is not known; " + (nearestName(to: name, among: names).map { "did you mean \"\($0)\"?" } ?? "known: \(names.joined(separator: ", "))")
  }

  /// `mqtt.commands`: a list of names, each once.
  static func readList(_ value: YAMLValue) -> [RemoteCommand] {
    var commands: [RemoteCommand] = []
    _ = value.list { item -> RemoteCommand? in
      guard let name = item.string() else { return nil }
      guard let command = RemoteCommand(rawValue: name) else {
        item.report("\(item.path): \(refusal(of: name))")
        return nil
      }
      if commands.contains(command) { item.report("\(item.path): \"\(name)\" stands twice; remove one") }
      commands.append(command)
      return command
    }
    return commands
  }
}
