import Transcription
import YAMLReading

/// An entry of `pipelines.NAME.commands`: words that somebody may say, and what follows.
///
/// A command is heard where the words of a final text end with those of one of its wordings, compared in lower case and without punctuation. Of
/// commands that an utterance ends with it is the one of most words.
public struct SpokenCommand: Equatable, Sendable {
  /// What follows a command.
  public enum Action: String, CaseIterable, Sendable {
    /// A message on `PIPELINE/events`.
    case event
  }

  /// `say`: one wording or several, as they are written; required.
  public var wordings: [String]
  /// `confidence`: the least of each of its words, 0 to 1. Default: 0.5.
  public var leastConfidence = 0.5
  /// `then`: at least one; required.
  public var actions: [Action]

  public init(wordings: [String], actions: [Action] = [.event]) {
    (self.wordings, self.actions) = (wordings, actions)
  }

  /// The words of each wording, as they are compared.
  var phrases: [[String]] { wordings.map { SpeechNormalisation.words($0) } }

  static func readList(_ value: YAMLValue) -> [SpokenCommand] {
    let commands = value.list { item in item.mapping { SpokenCommand.read($0, at: item) } } ?? []
    if value.isSequence, case .sequence(let nodes) = value.node.content, nodes.isEmpty {
      value.report("\(value.path): is empty; write at least one command, or remove it")
    }
    var known: Set<[String]> = []
    for phrase in commands.flatMap(\.phrases) where !known.insert(phrase).inserted {
      value.report("\(value.path): \"\(phrase.joined(separator: " "))\" is said twice; let each command have words of its own")
    }
    return commands
  }

  private static func read(_ map: YAMLMapping, at value: YAMLValue) -> SpokenCommand? {
    let wordings = map.required("say").flatMap(readWordings)
    let confidence = map["confidence"]?.float(in: 0...1)
    let actions = map.required("then")?.list(readAction)
    guard let wordings, let actions else { return nil }
    if actions.isEmpty { map.report("then", "\(value.path).then: is empty; write [event]") }
    var command = SpokenCommand(wordings: wordings, actions: actions)
    if let confidence { command.leastConfidence = confidence }
    return command
  }

  private static func readWordings(_ value: YAMLValue) -> [String]? {
    let wordings = value.isSequence ? value.list { wording($0) } : wording(value).map { [$0] }
    if wordings?.isEmpty == true {
      value.report("\(value.path): is empty; write what is said")
      return nil
    }
    return wordings
  }

  private static func wording(_ value: YAMLValue) -> String? {
    guard let text = value.string() else { return nil }
    guard !SpeechNormalisation.words(text).isEmpty, text.utf8.count <= 200 else {
      value.report("\(value.path): expected words, 200 bytes at most")
      return nil
    }
    return text
  }

  private static func readAction(_ value: YAMLValue) -> Action? {
    if value.isMapping {
      value.report("\(value.path): snapshots and gates are not available in this version; write \"event\"")
      return nil
    }
    return value.choice(of: Action.self)
  }
}
