extension AgentStatus {
  /// What a person wants to know first, in one line.
  ///
  /// - Parameter unkeptBefore: `unkept` when the previous line was written: of results lost since then it is said that they are being lost.
  public func line(unkeptBefore: UInt64) -> String {
    var parts: [String] = []
    let ended = pipelines.filter { pipeline in cameras.contains { $0.name == pipeline.description.camera && $0.state == .ended } }
    let endedNames = ended.map(\.description.name) + speech.filter { $0.state == .ended }.map(\.description.name)
    let pausedNames = pipelines.filter(\.isPaused).map(\.description.name) + speech.filter(\.isPaused).map(\.description.name)
    let waiting = cameras.filter { camera in
      switch camera.state {
      case .starting, .waiting: true
      case .streaming, .ended: false
      }
    }
    let deaf = speech.filter { speech in
      switch speech.state {
      case .starting, .waiting: true
      case .capturing, .ended: false
      }
    }
    parts.append(contentsOf: work)
    if !pausedNames.isEmpty { parts.append("paused: \(Self.names(pausedNames))") }
    if machine.step > 0 { parts.append("the machine is strained: one frame in \(1 << machine.step) is processed") }
    if !endedNames.isEmpty { parts.append("ended: \(Self.names(endedNames))") }
    if !waiting.isEmpty { parts.append("waiting for \(Self.count(waiting.count, "camera")): \(Self.names(waiting.map(\.name)))") }
    if !deaf.isEmpty { parts.append("waiting for \(Self.count(deaf.count, "microphone")): \(Self.names(deaf.map(\.description.microphone)))") }
    for gate in gates.prefix(2) { if let trouble = gate.link.trouble { parts.append("gate \(gate.name): \(trouble)") } }
    if unkept > unkeptBefore {
      parts.append("results are being lost: \(storageError ?? "the disk doesn't keep up")")
    } else if let storageError {
      parts.append("the outbox can't be written: \(storageError)")
    }
    if let broker { parts.append(broker) }
    if queued > 0 { parts.append("\(Self.count(queued, "message")) in the outbox") }
    return parts.joined(separator: "; ")
  }

  /// What it has done, of those kinds of work that it has.
  private var work: [String] {
    var parts: [String] = []
    if !pipelines.isEmpty || speech.isEmpty {
      let frames = pipelines.reduce(0) { $0 + $1.statistics.processed }
      parts.append("\(Self.count(pipelines.count, "pipeline")), \(Self.count(Int(clamping: frames), "frame")) processed")
    }
    if !speech.isEmpty {
      let texts = speech.reduce(0) { $0 + $1.statistics.utterances }
      parts.append("\(Self.count(speech.count, "pipeline")) with a microphone, \(Self.count(Int(clamping: texts), "text")) written")
    }
    return parts
  }

  private static func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

  /// A line, not a list of everything.
  private static func names(_ names: [String]) -> String {
    names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
  }
}
