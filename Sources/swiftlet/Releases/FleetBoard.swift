import Glibc
import ReleaseAuthoring

/// Shows a fleet: a table that is drawn over on a terminal, a line a change elsewhere.
final class FleetBoard {
  private let json: Bool
  private let isLive: Bool
  private var shown: [String: FleetRow] = [:]
  private var notes: [String] = []
  private var halted: Set<Rollout> = []
  private(set) var lastComplaint: String?

  /// Rows of a live table; the rest is counted.
  private static let rowLimit = 40

  init(json: Bool, isLive: Bool) { (self.json, self.isLive) = (json, isLive) }

  func show(_ fleet: Fleet, _ release: TrustedRelease?) {
    let rows = FleetRow.rows(fleet, release)
    if let release { show(release.halted) }
    if isLive {
      draw(rows)
    } else {
      for row in rows where shown[row.id] != row { Terminal.show(json ? "\(row.json.text)\n" : "\(row.line)\n") }
    }
    shown = Dictionary(rows.map { ($0.id, $0) }) { one, _ in one }
  }

  /// Says each halt once: by whom it is doesn't matter to whoever watches.
  private func show(_ halts: [KeeperEvent]) {
    let known = halted
    halted = []
    for event in halts {
      guard case .halted(let rollout, _, _) = event else { continue }
      if !known.contains(rollout) { say(event) }
      halted.insert(rollout)
    }
  }

  func say(_ event: KeeperEvent) {
    if case .halted(let rollout, _, _) = event { halted.insert(rollout) }
    guard isLive else { return event.show(json: json) }
    notes = notes.suffix(4) + [event.line]
  }

  /// Said once, until something else is.
  func complain(_ message: String) {
    defer { lastComplaint = message }
    guard message != lastComplaint else { return }
    if isLive { notes = notes.suffix(4) + [message] } else { Terminal.complain(message) }
  }

  func end() { if isLive { Terminal.show("\n") } }

  private func draw(_ rows: [FleetRow]) {
    var text = "\u{1B}[H\u{1B}[2J" + FleetRow.summary(rows) + "\n"
    let width = Terminal.width
    for row in rows.prefix(Self.rowLimit) { text += row.line.prefix(width) + "\n" }
    if rows.count > Self.rowLimit { text += "… and \(rows.count - Self.rowLimit) more\n" }
    for note in notes { text += note.prefix(width) + "\n" }
    Terminal.show(text)
  }
}

/// One model on one device.
struct FleetRow: Equatable {
  let device: String
  let channel: String
  let model: String
  let stage: DeviceStage
  /// Why the device takes in no newer metadata; empty where it does.
  let trouble: String

  var id: String { "\(device)/\(model)" }

  /// What needs looking after comes first, what runs last.
  static func rows(_ fleet: Fleet, _ release: TrustedRelease?) -> [FleetRow] {
    var rows: [FleetRow] = []
    for report in fleet.reports.values {
      let isCurrent = report.metadataOutcome == "current" || report.metadataOutcome.isEmpty
      let trouble = isCurrent ? "" : "\(report.metadataOutcome): \(report.metadataReason)"
      for (name, model) in report.models {
        let expected = release?.expected(name, device: report.device, channel: report.channel)
        rows.append(FleetRow(device: report.device, channel: report.channel, model: name, stage: DeviceStage(model, expected: expected), trouble: trouble))
      }
    }
    let order = Dictionary(uniqueKeysWithValues: DeviceStage.Kind.allCases.enumerated().map { ($1, $1 == .rolledBack ? -1 : $0) })
    return rows.sorted { (order[$0.stage.kind] ?? 0, $0.device, $0.model) < (order[$1.stage.kind] ?? 0, $1.device, $1.model) }
  }

  static func summary(_ rows: [FleetRow]) -> String {
    var counts: [DeviceStage.Kind: Int] = [:]
    for row in rows { counts[row.stage.kind, default: 0] += 1 }
    let parts = DeviceStage.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
    return "\(Set(rows.map(\.device)).count) devices" + (parts.isEmpty ? "" : ": ") + parts.joined(separator: ", ")
  }

  var line: String {
    func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
    var text = padded(device, 26) + padded(channel, 12) + padded(model, 20) + state
    if !trouble.isEmpty { text += "  (\(trouble))" }
    return text
  }

  private var state: String {
    let version = stage.version ?? "none"
    let from = stage.active.map { " (runs \($0))" } ?? ""
    switch stage.kind {
    case .running: return "running \(version)"
    case .empty: return "has no version yet"
    case .downloading:
      return "downloading \(version) \(stage.blockCount)/\(stage.totalBlockCount), \(stage.bytesPerSecond / 1000) kB/s\(from)"
    case .pending, .verifying, .testing, .shadowing, .watching: return "\(stage.kind.rawValue) \(version)\(from)"
    case .rolledBack, .refused, .failed: return "\(stage.kind.rawValue) \(version)\(from): \(stage.code)\(stage.reason.isEmpty ? "" : ": ")\(stage.reason)"
    }
  }

  var json: JSON {
    func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    return .object([
      ("device", .string(device)), ("channel", .string(channel)), ("model", .string(model)), ("state", .string(stage.kind.rawValue)),
      ("version", text(stage.version)), ("active", text(stage.active)), ("blocks", .integer(stage.blockCount)), ("of", .integer(stage.totalBlockCount)),
      ("bytes_per_second", .integer(stage.bytesPerSecond)), ("code", .string(stage.code)), ("reason", .string(stage.reason)),
      ("trouble", .string(trouble)),
    ])
  }
}
