@testable import EdgeAgent
import Foundation
import Testing

@Suite struct UpdateJournalTests {
  private let version = UpdateJournal.Version(version: "1.4.0", release: 7, digest: String(repeating: "ab", count: 32))

  @Test func `what is saved is read again`() throws {
    let folder = try TemporaryFolder()
    let path = UpdateJournal.path(in: folder.path)
    var journal = UpdateJournal(path: path)
    #expect(journal.models.isEmpty)
    journal.note(version, of: "a")
    journal["a"].last = UpdateJournal.Outcome(version: version, kind: .rolledBack, code: "too slow", reason: "\"7\" ms\n", at: "2026-11-28T00:00:00.000000Z")
    journal["b"].watch = UpdateJournal.Watch(version: version, crashes: 2, isRunning: false, boot: "b", before: 1234, watched: 61)
    journal["b"].intent = journal["a"].last
    try journal.save()
    let again = UpdateJournal(path: path)
    #expect(again.models == journal.models)
    #expect(again["a"].last?.kind == .rolledBack)
  }

  @Test func `a damaged journal is an empty one`() throws {
    let folder = try TemporaryFolder()
    for text in ["", "{", "[]", #"{"a":7}"#, #"{"a":{"versions":[{"version":1}],"watch":{},"last":[]}}"#] {
      _ = try folder.file("journal.json", text)
      let journal = UpdateJournal(path: UpdateJournal.path(in: folder.path))
      #expect(journal["a"].versions.isEmpty && journal["a"].watch == nil && journal["a"].last == nil, "\(text)")
    }
  }

  @Test func `it remembers the latest versions, each once`() throws {
    let folder = try TemporaryFolder()
    var journal = UpdateJournal(path: UpdateJournal.path(in: folder.path))
    for release in 1...20 { journal.note(UpdateJournal.Version(version: "v", release: release, digest: "\(release)"), of: "a") }
    journal.note(UpdateJournal.Version(version: "v", release: 15, digest: "15"), of: "a")
    #expect(journal["a"].versions.map(\.release) == [13, 14, 16, 17, 18, 19, 20, 15])
  }
}

@Suite struct UpdateSettingsTests {
  @Test(
    arguments: [
      ("22:00-05:00", [(21 * 60 + 59, false), (22 * 60, true), (0, true), (299, true), (300, false)]),
      ("08:30-17:00", [(509, false), (510, true), (1020, false)]),
      ("20:00-24:00", [(1200, true), (1439, true), (0, false)]),
    ] as [(String, [(Int, Bool)])])
  func `hours of the day, also over midnight`(text: String, minutes: [(minute: Int, isIn: Bool)]) throws {
    let hours = try #require(DailyHours(text))
    for (minute, isIn) in minutes { #expect(hours.contains(minute: minute) == isIn, "\(minute)") }
  }

  @Test func `minutes until the hours begin`() throws {
    let hours = try #require(DailyHours("22:00-05:00"))
    #expect([0, 299, 300, 1319, 1320].map { hours.minutes(until: $0) } == [0, 0, 1020, 1, 0])
  }

  @Test(arguments: ["", "22-05", "22:00", "22:00-", "25:00-05:00", "22:60-05:00", "5:00-06:00", "05:00-05:00", "24:30-05:00", "22:00-05:00-06:00"])
  func `what is no span of the day`(text: String) {
    #expect(DailyHours(text) == nil)
  }

  private func mistakes(_ updates: String, mqtt: String = "mqtt: {url: \"mqtt://localhost\"}\n", model: String = "not-there-yet") throws -> [String] {
    let folder = try TemporaryFolder()
    _ = try folder.file("root.json", "{}")
    let text = """
      device: {id: d, site: s}
      storage: {path: state}
      \(mqtt)cameras: {line: {source: "simulated:conveyor"}}
      pipelines: {surface: {camera: line, model: \(model)}}
      \(updates)
      """
    return AgentConfiguration.read(Array(text.utf8), file: folder.path + "/c.yaml").mistakes.map(\.description)
  }

  @Test func `with updates a model may still be to come`() throws {
    #expect(try mistakes("updates: {channel: line-a, root: root.json, hours: \"22:00-05:00\", bandwidth: 1 MB}") == [])
    #expect(try mistakes("").contains { $0.contains("not-there-yet.swiftlet does not exist") })
    #expect(try mistakes("updates: {channel: line-a, root: root.json}", model: "gone.swiftlet").contains { $0.contains("gone.swiftlet does not exist") })
  }

  @Test func `mistakes are named`() throws {
    #expect(try mistakes("updates: {root: root.json}").contains { $0.contains("channel") })
    #expect(try mistakes("updates: {channel: a/b, root: root.json}").count == 1)
    #expect(try mistakes("updates: {channel: a, root: gone.json}").contains { $0.contains("gone.json does not exist") })
    #expect(try mistakes("updates: {channel: a, root: root.json, hours: night}").contains { $0.contains("22:00-05:00") })
    #expect(try mistakes("updates: {channel: a, root: root.json, chanel: b}").contains { $0.contains("chanel") })
    #expect(try mistakes("updates: {channel: a, root: root.json, shadow: {frames: 0}}").contains { $0.contains("shadow.frames") })
    #expect(try mistakes("updates: {channel: a, root: root.json, shadow: {agreement: 1.1}}").contains { $0.contains("shadow.agreement") })
    #expect(try mistakes("updates: {channel: a, root: root.json, shadow: {frame: 5}}").contains { $0.contains("frame") })
    #expect(try mistakes("updates: {channel: a, root: root.json, shadow: {}}") == [])
    #expect(try mistakes("updates: {channel: a, root: root.json}", mqtt: "").contains { $0.contains("add \"mqtt\"") })
  }
}
