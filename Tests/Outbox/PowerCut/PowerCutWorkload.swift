import Foundation
import SimulatedDisk
import Testing

@testable import Outbox

/// A use of the outbox. It is the same each time but for epoch, times, and which commits removals find a place in.
struct PowerCutWorkload: Sendable, CustomTestStringConvertible {
  let name: String
  var byteLimit = 8 << 20
  /// Whether the recording holds what the workload is for.
  var isExercised: @Sendable ([DiskEvent]) -> Bool = { _ in true }
  let script: @Sendable (RecordedOutbox) throws -> Void

  var testDescription: String { name }

  /// - Parameters:
  ///   - disk: what programs find there when they begin.
  ///   - generation: of the writer.
  func record(on disk: Disk = Disk(), _ ledger: Ledger = Ledger(), generation: Int = 0) throws -> RecordedHistory {
    let folder = try TemporaryFolder(in: TemporaryFolder.memory)
    try CrashedOutbox.put(disk.contents(after: .keepsAll), into: folder)
    let recording = try DiskRecording(of: folder.url.resolvingSymlinksInPath().path)
    let outbox = RecordedOutbox(recording, at: folder.path(), byteLimit: byteLimit, generation: generation)
    do {
      try script(outbox)
    } catch {
      _ = try recording.end()
      throw error
    }
    outbox.close()
    let history = RecordedHistory(name: name, disk: disk, ledger: ledger, events: try recording.end(), byteLimit: byteLimit, generation: generation)
    // Whatever reached the files past the recording would be missing from every state.
    let last = history.state(at: history.events.count).disk.contents(after: .keepsAll)
    #expect(Set(folder.names) == Set(last.keys))
    for (name, image) in last { #expect(FileManager.default.contents(atPath: folder.path(name)) == Data(image.bytes), "\(name) isn't as recorded") }
    return history
  }

  static let all = [creation, appends, acknowledgements, eviction]

  /// The very first start, ended before and after anything was accepted.
  static let creation = PowerCutWorkload(name: "creation", isExercised: { $0.opened("outbox.db-wal") == 2 }) { outbox in
    try outbox.open()
    outbox.close()
    try outbox.open()
    try outbox.write(["a/30/detections"])
  }

  /// Messages of every size, alone and in batches, past automatic checkpoints, one by hand, and a restart.
  static let appends = PowerCutWorkload(
    name: "appends", isExercised: { $0.syncs(of: "outbox.db") >= 5 && $0.restarts(of: "outbox.db-wal") >= 4 && $0.truncations(of: "outbox.db-wal") >= 2 }
  ) { outbox in
    try outbox.open()
    let topics = ["a/300/detections", "b/2000/detections", "c/0/detections", "d/9000/detections"]
    for round in 0..<40 {
      try outbox.write([topics[round % 3]])
      if round % 6 == 5 { try outbox.write((0..<round + 6).map { topics[($0 * $0 + round) % 4] }) }
    }
    try outbox.checkpoint()
    for round in 0..<4 { try outbox.write([topics[round]]) }
    outbox.close()
    try outbox.open()
    for round in 0..<4 { try outbox.write([topics[round], topics[3 - round]]) }
  }

  /// Acknowledgements among appends, out of order, and until nothing is left, before a restart and after it.
  static let acknowledgements = PowerCutWorkload(name: "acknowledgements") { outbox in
    try outbox.open()
    let topics = ["a/100/detections", "b/500/detections", "c/1500/detections"]
    for round in 0..<12 {
      try outbox.write((0...round % 4).map { topics[($0 + round) % 3] })
      let waiting = outbox.read()
      outbox.deliver(waiting.enumerated().filter { $0.offset % 3 != round % 3 }.map(\.element))
      if round % 5 == 4 { outbox.settle() }
    }
    outbox.deliver(outbox.read())
    outbox.settle()
    outbox.close()
    try outbox.open()
    for topic in topics { try outbox.write([topic]) }
    outbox.deliver(outbox.read().prefix(2))
  }

  /// A small outbox that gives up its oldest, its gap events among them; some of these are delivered, some messages discarded.
  static let eviction = PowerCutWorkload(name: "eviction", byteLimit: 1 << 16, isExercised: { $0.evictions() >= 10 }) { outbox in
    try outbox.open()
    let topics = ["p/900/detections", "p/700/counts", "q/1500/detections"]
    for round in 0..<30 {
      try outbox.write((0..<round % 7 + 1).map { topics[($0 + round) % 3] })
      guard round % 4 == 3 else { continue }
      let waiting = outbox.read()
      if round % 8 == 7 { outbox.deliver(waiting.filter { $0.topic == "p/900/events" }.prefix(2)) }
      // Not a gap event: refused, it would take the names with it.
      if let middle = waiting.dropFirst(waiting.count / 2).first(where: { !$0.topic.hasSuffix("/events") }) { outbox.discard(middle) }
    }
    outbox.close()
    try outbox.open()
    try outbox.write([topics[0], topics[1], topics[2], topics[0]])
    outbox.read()
  }

  /// What an agent does that finds an outbox: publishes what it holds, and goes on.
  static func nextStart(byteLimit: Int) -> PowerCutWorkload {
    PowerCutWorkload(name: "next start", byteLimit: byteLimit) { outbox in
      try outbox.open()
      let waiting = outbox.read()
      let topics = ["a/300/detections", "p/900/detections", "c/0/detections"]
      try outbox.write([topics[0]])
      outbox.deliver(waiting.suffix(2))
      try outbox.write(topics)
      outbox.read()
    }
  }
}

extension [DiskEvent] {
  func opened(_ name: String) -> Int { count { if case .opened(name) = $0 { true } else { false } } }
  func truncations(of name: String) -> Int { count { if case .truncated(name, _) = $0 { true } else { false } } }
  func syncs(of name: String) -> Int { count { if case .synced(name, _) = $0 { true } else { false } } }
  func evictions() -> Int { count { if case .noted(.seen(let message)) = $0 { message.topic.hasSuffix("/events") } else { false } } }
  /// How often a log began anew.
  func restarts(of name: String) -> Int { count { if case .wrote(name, at: 0, _) = $0 { true } else { false } } }
}
