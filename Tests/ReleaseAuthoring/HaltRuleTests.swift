import ReleaseAuthoring
import Testing

@Suite struct HaltRuleTests {
  private let rollout = Rollout(name: "defects", version: "2", channel: "line-a")

  private func fleet(good: Int, bad: Int, outcome: String = "rolled back", code: String = "health") -> Fleet {
    Fleet(
      (0..<good).map { TestDevice.running("good-\($0)", "2", 2) } + (0..<bad).map { TestDevice.failed("bad-\($0)", "2", 2, outcome: outcome, code: code) })
  }

  @Test(arguments: [
    (good: 9, bad: 1, halts: false), (good: 8, bad: 1, halts: true), (good: 0, bad: 4, halts: false), (good: 0, bad: 5, halts: true),
    (good: 4, bad: 1, halts: true), (good: 3, bad: 1, halts: false), (good: 90, bad: 10, halts: false), (good: 90, bad: 11, halts: true),
  ])
  func `more than the share of those that tried halts, once enough have tried`(good: Int, bad: Int, halts: Bool) throws {
    let rule = try HaltRule(limit: Share("10%"), leastCount: 5)
    let fleet = fleet(good: good, bad: bad)
    #expect(HaltRule.tallies(fleet)[rollout]?.triedCount == good + bad)
    #expect(rule.halts(fleet).map(\.rollout) == (halts ? [rollout] : []))
  }

  @Test func `at 0% the first failure halts`() throws {
    let rule = try HaltRule(limit: Share("0%"), leastCount: 1)
    #expect(rule.halts(fleet(good: 50, bad: 0)).isEmpty)
    #expect(rule.halts(fleet(good: 50, bad: 1)).map(\.reason) == ["1 of 51 devices failed: 1 × rolled back (health)"])
  }

  @Test(arguments: ["rolled back", "refused", "failed"])
  func `every bad ending counts`(outcome: String) throws {
    #expect(HaltRule.tallies(fleet(good: 0, bad: 3, outcome: outcome))[rollout]?.failedCount == 3)
  }

  @Test(arguments: ["unavailable", "disk full", "storage", "expired", "rollback", "wrong block"])
  func `what says nothing of the package doesn't count`(code: String) throws {
    #expect(HaltRule.tallies(fleet(good: 2, bad: 3, outcome: "failed", code: code))[rollout]?.triedCount == 2)
  }

  @Test func `channels and versions are counted apart`() throws {
    var other = TestDevice.failed("other", "2", 2)
    other.channel = "line-b"
    let tallies = HaltRule.tallies(Fleet([.running("a", "2", 2), other, .running("c", "1", 1)]))
    #expect(tallies[rollout]?.failedCount == 0 && tallies[rollout]?.triedCount == 1)
    #expect(tallies[Rollout(name: "defects", version: "2", channel: "line-b")]?.failedCount == 1)
    // The one that rolled back runs version 1 all the same, and so does the last.
    #expect(tallies[Rollout(name: "defects", version: "1", channel: "line-b")]?.triedCount == 1)
    #expect(tallies[Rollout(name: "defects", version: "1", channel: "line-a")]?.triedCount == 1)
  }

  @Test func `a device that is still at it hasn't tried yet`() throws {
    var device = TestDevice.running("a", "1", 1)
    device.candidate = #"{"version": "2", "release": 2, "state": "watching", "blocks": 6, "of": 6, "bytes_per_second": 0}"#
    #expect(HaltRule.tallies(Fleet([device]))[rollout] == nil)
  }

  @Test func `a device counts once, by its last word`() throws {
    var fleet = fleet(good: 0, bad: 1)
    _ = fleet.take(topic: "swiftlet/v1/plant-a/bad-0/models", payload: TestDevice.running("bad-0", "2", 2).payload)
    #expect(HaltRule.tallies(fleet)[rollout]?.failedCount == 0 && HaltRule.tallies(fleet)[rollout]?.triedCount == 1)
  }

  @Test func `a limit that never halts is refused`() {
    #expect(throws: ReleaseError.self) { try HaltRule(limit: Share("100%"), leastCount: 5) }
    #expect(throws: ReleaseError.self) { try HaltRule(limit: Share("10%"), leastCount: 0) }
  }
}
