import YAMLReading

/// What follows a spoken command, and where the file says so: `event`, `{snapshot: PIPELINE}`, `{pause: PIPELINE}` or `{resume: PIPELINE}`.
struct PlacedAction {
  let action: SpokenCommand.Action
  let value: YAMLValue
  /// The pipeline that hears the command.
  let hearer: String
  /// The command's place, as `pipelines.voice.commands[0]`.
  let command: String

  private static let verbs: [(name: String, action: @Sendable (String) -> SpokenCommand.Action)] = [
    ("snapshot", { .snapshot(of: $0) }), ("pause", { .pause($0) }), ("resume", { .resume($0) }),
  ]

  /// - Returns: nil where one of them has a mistake.
  static func readList(_ value: YAMLValue, of hearer: String, in command: String) -> [PlacedAction]? {
    let actions = value.list { item in read(item).map { PlacedAction(action: $0.0, value: $0.1, hearer: hearer, command: command) } }
    if actions?.isEmpty == true { value.report("\(value.path): is empty; write [event]") }
    var known: Set<SpokenCommand.Action> = []
    for one in actions ?? [] where !known.insert(one.action).inserted { one.value.report("\(one.value.path): says the same twice; remove one of them") }
    return actions
  }

  /// - Returns: the value that names the pipeline, where one does.
  private static func read(_ item: YAMLValue) -> (SpokenCommand.Action, YAMLValue)? {
    guard item.isMapping else { return readWord(item).map { ($0, item) } }
    guard !item.keys.isEmpty else {
      item.report("\(item.path): is empty; write \(form("snapshot")), \(form("pause")) or \(form("resume"))")
      return nil
    }
    guard !item.keys.contains("gate") else {
      item.report("\(item.path): a gate acts by what a camera sees, never by a word that may be misheard; remove it")
      return nil
    }
    guard !item.keys.contains("event") else {
      item.report("\(item.path): \"event\" stands by itself, as in [event, \(form("snapshot"))]")
      return nil
    }
    return item.mapping { map in
      let named = verbs.compactMap { verb in map[verb.name].map { (verb.action, $0) } }
      guard named.count < 2 else {
        item.report("\(item.path): says several things; write each for itself, as in [\(form("snapshot")), \(form("pause"))]")
        return nil
      }
      guard let (action, value) = named.first, let name = value.string() else { return nil }
      return (action(name), value)
    }
  }

  private static func readWord(_ value: YAMLValue) -> SpokenCommand.Action? {
    guard let text = value.string() else { return nil }
    guard text != "event" else { return .event }
    if verbs.contains(where: { $0.name == text }) {
      value.report("\(value.path): say of which pipeline: \(form(text))")
      return nil
    }
    let nearest = nearestName(to: text, among: ["event"] + verbs.map(\.name))
    let hint = nearest.map { $0 == "event" ? "did you mean \"event\"?" : "did you mean \(form($0))?" }
    let known = "expected event, \(form("snapshot")), \(form("pause")) or \(form("resume"))"
    value.report("\(value.path): \"\(text.prefix(40))\" is not known; \(hint ?? known)")
    return nil
  }

  private static func form(_ verb: String) -> String { "{\(verb): PIPELINE}" }
}
