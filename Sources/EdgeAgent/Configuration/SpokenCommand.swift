import Transcription
import YAMLReading

/// An entry of `pipelines.NAME.commands`: words that somebody may say, and what follows.
///
/// A command is heard where the words of a final text end with those of one of its wordings, compared in lower case and without punctuation. Of
/// commands that an utterance ends with it is the one of most words.
public struct SpokenCommand: Equatable, Sendable {
  /// What follows a command.
  public enum Action: Hashable, Sendable {
    /// `event`: a message on `PIPELINE/events`, before anything else is done.
    case event
    /// `{snapshot: PIPELINE}`: a picture of that pipeline's next frame, on its topic `snapshot`.
    case snapshot(of: String)
    /// `{pause: PIPELINE}`: that pipeline looks at nothing, or hears nothing, until a command resumes it.
    case pause(String)
    /// `{resume: PIPELINE}`: takes back what a command has paused.
    case resume(String)
  }

  /// `say`: one wording or several, as they are written; required.
  public var wordings: [String]
  /// `confidence`: the least of each of its words, 0 to 1. Default: 0.5.
  public var leastConfidence = 0.5
  /// `then`: at least one, done in this order; required.
  public var actions: [Action]

  public init(wordings: [String], actions: [Action] = [.event]) {
    (self.wordings, self.actions) = (wordings, actions)
  }

  /// The same, whatever the confidence.
  var ifSure: SpokenCommand {
    var command = self
    command.leastConfidence = 0
    return command
  }

  /// The words of each wording, as they are compared.
  var phrases: [[String]] { wordings.map { SpeechNormalisation.words($0) } }

  /// - Parameters:
  ///   - hearer: the pipeline whose commands they are.
  ///   - placed: takes the actions that name pipelines, which can't be looked for before all are read.
  static func readList(_ value: YAMLValue, of hearer: String, _ placed: inout [PlacedAction]) -> [SpokenCommand] {
    let commands = value.list { item in item.mapping { SpokenCommand.read($0, at: item, of: hearer, &placed) } } ?? []
    if value.isSequence, case .sequence(let nodes) = value.node.content, nodes.isEmpty {
      value.report("\(value.path): is empty; write at least one command, or remove it")
    }
    var known: Set<[String]> = []
    for phrase in commands.flatMap(\.phrases) where !known.insert(phrase).inserted {
      value.report("\(value.path): \"\(phrase.joined(separator: " "))\" is said twice; let each command have words of its own")
    }
    return commands
  }

  private static func read(_ map: YAMLMapping, at value: YAMLValue, of hearer: String, _ placed: inout [PlacedAction]) -> SpokenCommand? {
    let wordings = map.required("say").flatMap(readWordings)
    let confidence = map["confidence"]?.float(in: 0...1)
    let actions = map.required("then").flatMap { PlacedAction.readList($0, of: hearer, in: value.path) }
    placed += actions ?? []
    guard let wordings, let actions else { return nil }
    var command = SpokenCommand(wordings: wordings, actions: actions.map(\.action))
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
}

extension SpokenCommand.Action {
  /// The pipeline that it names.
  var pipeline: String? {
    switch self {
    case .event: nil
    case .snapshot(let name), .pause(let name), .resume(let name): name
    }
  }
}

extension AgentConfiguration {
  private var spokenActions: [SpokenCommand.Action] { speech.flatMap(\.commands).flatMap(\.actions) }

  /// The pipelines that a spoken command may resume.
  var resumableByVoice: Set<String> {
    Set(spokenActions.compactMap { if case .resume(let name) = $0 { name } else { nil } })
  }

  /// The commands that ask for a pipeline's picture, each by its first wording.
  func commands(picturing pipeline: String) -> [String] {
    speech.flatMap(\.commands).filter { $0.actions.contains(.snapshot(of: pipeline)) }.map { $0.wordings[0] }
  }
}
