import EdgeAgent
import Glibc
import Pipelines

/// Shows the demo while it runs and sums it up afterwards.
final class DemoDisplay: @unchecked Sendable {
  private let agent: Agent
  private let board: DemoBoard
  private let settings: DemoSettings
  private let isSilent: Bool
  private let isInteractive = Terminal.isInteractive
  private var lastCount: (processed: UInt64, at: MonotonicInstant)?
  private var lastRate = 0.0
  private var shownLines = 0

  init(agent: Agent, board: DemoBoard, settings: DemoSettings, isSilent: Bool) {
    self.agent = agent
    self.board = board
    self.settings = settings
    self.isSilent = isSilent
  }

  /// Until the task is cancelled: a table that renews itself at a terminal, a line every two seconds elsewhere.
  func run() async {
    guard !isSilent else { return }
    while !Task.isCancelled {
      if let progress = progress() { show(progress) }
      try? await Task.sleep(for: isInteractive ? .milliseconds(250) : .seconds(2))
    }
    if isInteractive, let progress = progress() { show(progress) }
  }

  private func show(_ progress: DemoProgress) {
    guard isInteractive else { return Terminal.show(DemoTable.line(progress) + "\n") }
    let lines = DemoTable.lines(progress)
    // Up over the last table, then each line with the rest of it erased; lines that are too long would break the count.
    let up = shownLines > 0 ? "\u{1B}[\(shownLines)A" : ""
    let width = Terminal.width
    Terminal.show(up + lines.map { "\r\($0.prefix(width))\u{1B}[K\n" }.joined())
    shownLines = lines.count
  }

  private func progress() -> DemoProgress? {
    guard let status = agent.status, let pipeline = status.pipelines.first, pipeline.statistics.processed > 0 else { return nil }
    let contents = board.current
    var progress = DemoProgress()
    progress.elapsed = status.uptime
    progress.title = settings.title
    progress.onTheLine = contents.onTheLine
    progress.found = contents.found
    progress.score = contents.score
    progress.statistics = pipeline.statistics
    progress.missed = status.cameras.first?.counters.missed ?? 0
    progress.destinations = destinations(status)
    let now = MonotonicClock.now()
    if let last = lastCount, last.processed < pipeline.statistics.processed {
      lastRate = Double(pipeline.statistics.processed - last.processed) / max(last.at.duration(to: now) / .seconds(1), 0.001)
    } else if lastCount == nil {
      lastRate = overallRate
    }
    lastCount = (pipeline.statistics.processed, now)
    progress.frameRate = lastRate
    return progress
  }

  private func destinations(_ status: AgentStatus) -> [String] {
    let outbox = "outbox \(settings.configuration.storage.path): \(status.recorded) messages recorded, \(status.queued) waiting"
    guard let broker = status.broker else { return [outbox, "no broker on localhost:1883 (start one, or give --broker URL)"] }
    let topic = "\(settings.configuration.topicRoot)/surface/detections"
    return [outbox, "\(broker): \(status.acknowledged) acknowledged, \(topic)"]
  }
}

/// The end.
extension DemoDisplay {
  private var overallRate: Double {
    guard let status = agent.status, let pipeline = status.pipelines.first else { return 0 }
    return Double(pipeline.statistics.processed) / max(status.uptime / .seconds(1), 0.001)
  }

  /// For people.
  var summary: String {
    guard let progress = progress() else { return "no frame was processed\n" }
    let score = progress.score
    let stages = PipelineStage.allCases.map { stage in
      let latency = progress.statistics.latency(of: stage)
      return "\(stage.rawValue) \(DemoTable.milliseconds(latency.percentile(0.5)))/\(DemoTable.milliseconds(latency.percentile(0.99)))"
    }
    let memory = ResidentMemory.read().map { "\($0.peak / 1_048_576) MiB" } ?? "unknown"
    let dropped = progress.missed + progress.statistics.replaced
    var lines = [""]
    let rate = DemoTable.decimal(overallRate, 1)
    lines.append("\(progress.statistics.processed) frames in \(DemoTable.seconds(progress.elapsed)), \(rate)/s, \(dropped) dropped")
    lines.append("\(score.parts.count) parts, \(score.defectiveParts.count) with defects, \(score.caughtParts.count) of these caught")
    lines.append("precision \(DemoTable.share(score.precision)), recall \(DemoTable.share(score.recall))")
    lines.append("latency p50/p99 ms: \(stages.joined(separator: ", "))")
    lines += progress.destinations
    lines.append("peak resident memory \(memory)")
    return lines.joined(separator: "\n") + "\n"
  }

  /// For machines.
  var summaryJSON: JSON {
    guard let progress = progress() else { return .object([("frames", .integer(0))]) }
    let score = progress.score
    let latency = PipelineStage.allCases.map { stage -> (String, JSON) in
      let histogram = progress.statistics.latency(of: stage)
      return (stage.rawValue, .object([("p50", Self.milliseconds(histogram, 0.5)), ("p99", Self.milliseconds(histogram, 0.99))]))
    }
    let status = agent.status
    let memory = ResidentMemory.read().map { JSON.number(Double($0.peak) / 1_048_576) }
    var members: [(String, JSON)] = []
    members.append(("frames", .integer(Int(progress.statistics.processed))))
    members.append(("seconds", .number(progress.elapsed / .seconds(1))))
    members.append(("frames_per_second", .number(overallRate)))
    members.append(("dropped", .integer(Int(progress.missed + progress.statistics.replaced))))
    members.append(("unrecorded", .integer(Int(progress.statistics.unrecorded))))
    members.append(("parts", .integer(score.parts.count)))
    members.append(("defective_parts", .integer(score.defectiveParts.count)))
    members.append(("caught_parts", .integer(score.caughtParts.count)))
    members.append(("precision", score.precision.map { JSON.number($0) } ?? .null))
    members.append(("recall", score.recall.map { JSON.number($0) } ?? .null))
    members.append(("latency_ms", .object(latency)))
    members.append(("recorded", .integer(Int(status?.recorded ?? 0))))
    members.append(("acknowledged", .integer(Int(status?.acknowledged ?? 0))))
    members.append(("outbox", .string(settings.configuration.storage.path)))
    members.append(("broker", status?.broker.map { JSON.string($0) } ?? .null))
    members.append(("peak_rss_mb", memory ?? .null))
    return .object(members)
  }

  private static func milliseconds(_ histogram: LatencyHistogram, _ share: Double) -> JSON {
    histogram.percentile(share).map { .number($0 / .milliseconds(1)) } ?? .null
  }
}
