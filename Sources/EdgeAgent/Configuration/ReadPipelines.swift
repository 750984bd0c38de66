import YAMLReading

/// The pipelines of a configuration while it is read, of both kinds.
struct ReadPipelines {
  var vision: [PipelineSettings] = []
  var speech: [SpeechPipelineSettings] = []
  /// What the file says of each with a camera, by name; also of those with a mistake.
  var maps: [String: YAMLMapping] = [:]
  /// The names of all, in the file's order, and of those with a microphone; also of those with a mistake.
  var names: [String] = []
  var hearing: [String] = []
  /// What follows spoken commands.
  var actions: [PlacedAction] = []

  /// Says of each pipeline that judges parts which gate acts by it: one pipeline a gate.
  mutating func assignGates(_ map: YAMLMapping, _ context: ConfigurationContext) {
    let gates = map["gates"].map(\.keys) ?? []
    var users: [String: String] = [:]
    for name in map["pipelines"].map(\.keys) ?? [] {
      guard let settings = maps[name], settings["after"] == nil, let gate = Self.gate(of: name, settings, among: gates, context) else { continue }
      if let other = users.updateValue(name, forKey: gate) {
        settings.report("gate", "pipelines.\(name).gate: \"\(gate)\" acts by \(other) already; one pipeline a gate")
      }
      if let at = vision.firstIndex(where: { $0.name == name }) { vision[at].gate = gate }
    }
    for gate in gates where users[gate] == nil {
      context.conclude(map["gates"], "no pipeline judges parts for the gate \"\(gate)\"; it stays closed, and the gate in its safe position")
    }
  }

  /// - Returns: nil where none acts by it, or there is a mistake, which is reported.
  private static func gate(of name: String, _ settings: YAMLMapping, among gates: [String], _ context: ConfigurationContext) -> String? {
    var named: String?
    if let value = settings["gate"] {
      // What is no name has been told.
      guard case .scalar(let scalar) = value.node.content, !value.node.isNull else { return nil }
      named = scalar.text
    }
    guard settings["parts"] != nil else {
      if named != nil { settings.report("gate", "pipelines.\(name).gate: nothing says what a part is; add \"parts\"") }
      return nil
    }
    guard let gate = named ?? gates.first else {
      context.conclude(settings["parts"], "pipelines.\(name).parts: there is no gate (\"gates\"); verdicts are told, and nothing is rejected")
      return nil
    }
    if named == nil, gates.count > 1 {
      settings.report("parts", "pipelines.\(name): there are several gates; say which one by \"gate\": \(gates.joined(separator: ", "))")
      return nil
    }
    guard gates.contains(gate) else {
      let known = gates.isEmpty ? "add \"gates\"" : "known: \(gates.joined(separator: ", "))"
      settings.report(
        "gate", "pipelines.\(name).gate: there is no gate \"\(gate)\"; \(nearestName(to: gate, among: gates).map { "did you mean \"\($0)\"?" } ?? known)")
      return nil
    }
    return gate
  }
}
