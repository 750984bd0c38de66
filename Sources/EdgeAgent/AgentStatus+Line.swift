extension AgentStatus {
  /// What a person wants to know first, in one line.
  ///
  /// - Parameter unkeptBefore: `unkept` when the previous line was written: of results lost since then it is said that they are being lost.
  public func line(unkeptBefore: UInt64) -> String {
    var parts: [String] = []
    let ended = pipelines.filter { pipeline in cameras.contains { $0.name == pipeline.description.camera && $0.state == .ended } }
    let paused = pipelines.filter(\.isPaused)
    let waiting = cameras.filter { camera in
      switch camera.state {
      case .starting, .waiting: true
      case .streaming, .ended: false
      }
    }
    let frames = pipelines.reduce(0) { $0 + $1.statistics.processed }
    parts.append("\(Self.count(pipelines.count, "pipeline")), \(Self.count(Int(clamping: frames), "frame")) processed")
    if !paused.isEmpty { parts.append("paused: \(Self.names(paused.map(\.description.name)))") }
    if machine.step > 0 { parts.append("the machine is strained: one frame in \(1 << machine.step) is processed") }
    if !ended.isEmpty { parts.append("ended: \(Self.names(ended.map(\.description.name)))") }
    if !waiting.isEmpty { parts.append("waiting for \(Self.count(waiting.count, "camera")): \(Self.names(waiting.map(\.name)))") }
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

  private static func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

  /// A line, not a list of everything.
  private static func names(_ names: [String]) -> String {
    names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
  }
}
