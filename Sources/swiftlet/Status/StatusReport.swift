import JSONReading

/// An agent's state (`swiftlet/status/1`) for people. Of what a later agent says otherwise, it shows what it understands.
struct StatusReport {
  private let status: JSONValue

  /// Nil where it is something else.
  init?(_ status: JSONValue) {
    guard status["schema"]?.text == "swiftlet/status/1" else { return nil }
    self.status = status
  }

  var text: String {
    var rows: [(name: String, words: [String])] = []
    rows.append(("device", ["\(status["device"].word) at \(status["site"].word)", "version \(status["version"].word)", "up \(Self.span(status["uptime_s"]))"]))
    rows.append(("now", [status["summary"].word]))
    for camera in status["cameras"].items { rows.append((camera["name"].word, Self.camera(camera))) }
    for pipeline in status["pipelines"].items { rows.append((pipeline["name"].word, Self.pipeline(pipeline))) }
    for speech in status["speech"].items { rows.append((speech["name"].word, Self.speech(speech))) }
    for gate in status["gates"].items { rows.append((gate["name"].word, Self.gate(gate))) }
    rows.append(("queue", queue))
    rows.append(("broker", [status["broker"]?["state"]?.text ?? "none: results stay in the outbox"]))
    rows.append(("machine", machine))
    for (name, model) in (status["updates"]?["models"]).members { rows.append(("update \(name)", Self.update(model))) }
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { row in
      "\(row.name.inOneLine(limit: 80))\(String(repeating: " ", count: max(0, width - row.name.count)))  \(row.words.filter { !$0.isEmpty }.joined(separator: ", ").inOneLine(limit: 1000))\n"
    }.joined()
  }

  private static func camera(_ camera: JSONValue) -> [String] {
    var words = ["camera \(camera["source"].word)", camera["state"].word, camera["reason"]?.text ?? ""]
    if let width = camera["width"]?.number, let height = camera["height"]?.number { words.append("\(Int(width))x\(Int(height)) \(camera["format"].word)") }
    words.append("\(camera["delivered"].word) frames")
    words.append(losses(camera["lost"], "lost"))
    return words
  }

  private static func pipeline(_ pipeline: JSONValue) -> [String] {
    let total = pipeline["latency_ms"]?["total"]
    let isLight = pipeline["lighter"] == .boolean(true)
    let backend = pipeline["backend"]
    let place = backend?["wanted"]?.text ?? "cpu" == "cpu" ? "" : "on \((backend?["runs_on"]).word): \((backend?["trouble"] ?? backend?["reason"]).word)"
    return [
      "pipeline on \(pipeline["camera"].word)", pipeline["state"].word,
      "\(isLight ? "its lighter model" : "model") \((pipeline["model"]?["name"]).word) \((pipeline["model"]?["version"]).word)", place,
      "\(decimal(pipeline["frame_rate"])) frames/s", "\(pipeline["processed"].word) processed", "p50 \(decimal(total?["p50"])) ms",
      "p99 \(decimal(total?["p99"])) ms", pipeline["mean_batch"].map { "\(decimal($0)) frames a run" } ?? "", decisions(pipeline["decisions"]),
      losses(pipeline["dropped"], "dropped"), losses(pipeline["left_out"], "left out"),
    ]
  }

  private static func decisions(_ decisions: JSONValue?) -> String {
    let aside = [("unowned", "reasons to reject were on no part"), ("overfull", "frames had more things than could be kept")]
    let words = aside.compactMap { key, words in (decisions?[key]?.number ?? 0) > 0 ? "\((decisions?[key]).word) \(words)" : nil }
    return ([losses(decisions, "decided", without: aside.map(\.0))] + words).filter { !$0.isEmpty }.joined(separator: ", ")
  }

  private static func speech(_ speech: JSONValue) -> [String] {
    [
      "pipeline on \(speech["microphone"].word)", speech["state"].word, speech["reason"]?.text ?? "",
      "model \((speech["model"]?["name"]).word) \((speech["model"]?["version"]).word)", "\(speech["utterances"].word) texts",
      "\(decimal(speech["lost_s"])) s lost", "\(decimal(speech["dropped_s"])) s dropped",
    ]
  }

  private static func gate(_ gate: JSONValue) -> [String] {
    var words = ["gate of \(gate["pipeline"].word)", gate["state"].word, gate["reason"]?.text ?? ""]
    words.append("ordered: \(gate["passes"].word) to pass, \(gate["rejects"].word) to be rejected")
    for (key, what) in [("failed", "failed orders"), ("unplaced", "without order")] where (gate[key]?.number ?? 0) > 0 {
      words.append("\(gate[key].word) \(what)")
    }
    return words
  }

  private var queue: [String] {
    let outbox = status["outbox"]
    let megabytes = { (value: JSONValue?) in "\(DemoTable.decimal((value?.number ?? 0) / 1e6, 1)) MB" }
    var words = ["\((outbox?["waiting"]).word) messages", "\(megabytes(outbox?["bytes"])) of \(megabytes(outbox?["limit_bytes"]))"]
    words.append("\((outbox?["accepted"]).word) recorded, \((outbox?["delivered"]).word) delivered since the start")
    if let error = outbox?["error"]?.text { words.append(error) }
    return words
  }

  private var machine: [String] {
    var words = (status["machine"]?["temperatures"]).items.map { "\($0["zone"].word) \(Self.decimal($0["celsius"])) °C" }
    if let own = status["machine"]?["memory"]?["resident_bytes"]?.number { words.append("the agent takes \(DemoTable.decimal(own / 1e6, 1)) MB") }
    words.append("clock \(status["clock"].word)")
    let step = Int(status["degradation"]?["step"]?.number ?? 0)
    if step > 0 {
      words.append(
        "strained, at most one frame in \(1 << min(step, 16)) is processed: \((status["degradation"]?["reasons"]).items.map { $0.text ?? "" }.joined(separator: "; "))"
      )
    }
    return words
  }

  private static func update(_ model: JSONValue) -> [String] {
    var words = [model["active"]?["version"]?.text.map { "runs \($0)" } ?? "none yet"]
    if let coming = model["candidate"]?["version"]?.text { words.append("\(coming) is \((model["candidate"]?["state"]).word)") }
    if let last = model["last"], let version = last["version"]?.text {
      words.append("last update \(version) \(last["outcome"].word) at \(last["at"].word)\(last["reason"]?.text.map { ": \($0)" } ?? "")")
    }
    return words
  }

  /// Those that there are; nothing where there are none.
  private static func losses(_ value: JSONValue?, _ what: String, without keys: [String] = []) -> String {
    let counts = value.members.filter { ($0.value.number ?? 0) > 0 && !keys.contains($0.key) }.map { "\(Optional($0.value).word) \($0.key)" }
    return counts.isEmpty ? "" : "\(what): \(counts.joined(separator: ", "))"
  }

  private static func decimal(_ value: JSONValue?) -> String { value?.number.map { DemoTable.decimal($0, 1) } ?? "–" }

  private static func span(_ value: JSONValue?) -> String {
    let seconds = Int(value?.number ?? 0)
    return seconds >= 7200 ? "\(seconds / 3600) h" : seconds >= 120 ? "\(seconds / 60) min" : "\(seconds) s"
  }
}

extension JSONValue {
  subscript(key: String) -> JSONValue? { if case .object(let members) = self { members[key] } else { nil } }

  var text: String? { if case .string(let text) = self { text } else { nil } }

  /// Nil where it isn't finite, too.
  var number: Double? {
    guard case .number(let text) = self, let value = Double(text), value.isFinite, abs(value) < 1e15 else { return nil }
    return value
  }
}

extension Optional where Wrapped == JSONValue {
  /// Text or a number as it is written; a question mark for anything else.
  var word: String {
    switch self {
    case .some(.string(let text)): text
    case .some(.number(let text)): text
    default: "?"
    }
  }

  var items: [JSONValue] { if case .some(.array(let items)) = self { items } else { [] } }

  /// By key.
  var members: [(key: String, value: JSONValue)] {
    if case .some(.object(let members)) = self { members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } } else { [] }
  }
}
