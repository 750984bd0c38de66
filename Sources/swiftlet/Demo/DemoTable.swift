import EdgeAgent

/// The demo's progress as text.
enum DemoTable {
  /// The live table, a line each.
  static func lines(_ progress: DemoProgress) -> [String] {
    let statistics = progress.statistics
    let score = progress.score
    var lines = [
      "\(progress.title)   \(seconds(progress.elapsed))",
      "",
      row("on the line", progress.onTheLine.isEmpty ? "–" : progress.onTheLine.joined(separator: "   ")),
      row("found", progress.found.isEmpty ? "–" : progress.found.joined(separator: "   ")),
      row("so far", "\(score.parts.count) parts, \(score.defectiveParts.count) with defects, \(score.caughtParts.count) of these caught"),
      row("", "precision \(share(score.precision))   recall \(share(score.recall))   (boxes in single frames, overlap \(DemoScore.leastOverlap) or more)"),
      row("frames", "\(statistics.processed) at \(decimal(progress.frameRate, 1))/s   \(drops(progress))"),
      row("latency ms", PipelineStage.allCases.map { padded($0.rawValue) }.joined()),
    ]
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
      lines.append(row("  \(name)", PipelineStage.allCases.map { padded(milliseconds(statistics.latency(of: $0).percentile(quantile))) }.joined()))
    }
    for (index, destination) in progress.destinations.enumerated() { lines.append(row(index == 0 ? "results" : "", destination)) }
    return lines
  }

  /// One line for logs.
  static func line(_ progress: DemoProgress) -> String {
    let total = progress.statistics.latency(of: .total)
    let score = progress.score
    var words = [seconds(progress.elapsed)]
    words.append("\(progress.statistics.processed) frames at \(decimal(progress.frameRate, 1))/s")
    words.append("\(score.parts.count) parts, \(score.defectiveParts.count) with defects, \(score.caughtParts.count) caught")
    words.append("precision \(share(score.precision)) recall \(share(score.recall))")
    words.append("latency p50 \(milliseconds(total.percentile(0.5))) p99 \(milliseconds(total.percentile(0.99))) ms")
    words.append(drops(progress))
    words.append("now \(progress.onTheLine.isEmpty ? "–" : progress.onTheLine.joined(separator: "; "))")
    words.append("found \(progress.found.isEmpty ? "–" : progress.found.joined(separator: ", "))")
    return words.joined(separator: " | ")
  }

  private static func drops(_ progress: DemoProgress) -> String {
    "dropped \(progress.missed + progress.statistics.replaced)   unrecorded \(progress.statistics.unrecorded)"
  }

  private static func row(_ name: String, _ text: String) -> String {
    name + String(repeating: " ", count: max(1, 14 - name.count)) + text
  }

  private static func padded(_ text: String) -> String {
    text + String(repeating: " ", count: max(1, 13 - text.count))
  }

  static func seconds(_ duration: Duration) -> String {
    let whole = duration.components.seconds
    return "\(whole / 60):\(whole % 60 < 10 ? "0" : "")\(whole % 60)"
  }

  static func milliseconds(_ duration: Duration?) -> String {
    duration.map { decimal($0 / .milliseconds(1), 2) } ?? "–"
  }

  static func share(_ value: Double?) -> String { value.map { decimal($0, 3) } ?? "–" }

  /// A number with a fixed count of digits after the point.
  static func decimal(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "–" }
    guard digits > 0 else { return "\(Int(value.rounded()))" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
