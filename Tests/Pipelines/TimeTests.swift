import Pipelines
import Testing

@Suite struct TimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"),
      (-1, "1969-12-31T23:59:59.999999Z"),
      (951_782_400_000_042, "2000-02-29T00:00:00.000042Z"),
      (1_709_164_799_999_999, "2024-02-28T23:59:59.999999Z"),
      (1_709_251_200_000_000, "2024-03-01T00:00:00.000000Z"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
      (1_772_348_709_000_042, "2026-03-01T07:05:09.000042Z"),
      (Int64.max, "9999-12-31T23:59:59.999999Z"),
      (Int64.min, "0000-01-01T00:00:00.000000Z"),
    ] as [(Int64, String)])
  func `a wall time is written as RFC 3339 with microseconds`(microseconds: Int64, text: String) {
    #expect(WallTime(microseconds: microseconds).rfc3339 == text)
  }

  @Test func `the monotonic clock goes forward`() {
    let first = MonotonicClock.now()
    #expect(first <= MonotonicClock.now())
  }

  @Test func `an earlier instant has an earlier wall time by the same distance`() {
    let before = MonotonicClock.wallTime()
    let now = MonotonicClock.now()
    let secondAgo = MonotonicClock.wallTime(of: now.advanced(by: .seconds(-1)))
    let after = MonotonicClock.wallTime()
    // The three clock readings are not one instant; the bounds come from the readings around it.
    #expect(secondAgo.microseconds + 1_000_000 <= after.microseconds + 1)
    #expect(secondAgo.microseconds + 1_000_000 >= before.microseconds - 1)
  }

  @Test func `instants and durations agree`() {
    let start = MonotonicInstant(nanoseconds: 5_000_000_000)
    #expect(start.advanced(by: .milliseconds(1500)).nanoseconds == 6_500_000_000)
    #expect(start.advanced(by: .seconds(-9)).nanoseconds == 0)
    #expect(start.advanced(by: .seconds(Int64.max)).nanoseconds == 5_000_000_000 + UInt64(Int64.max))
    #expect(start.duration(to: MonotonicInstant(nanoseconds: 4_999_999_000)) == .microseconds(-1))
  }

  @Test func `a thread runs its body once and a second join returns`() throws {
    let graveyard = Graveyard()
    let thread = try DataPlaneThread(name: "a name much longer than the kernel keeps", processors: [0, -4, 1_000_000]) { graveyard.bury(1) }
    thread.join()
    thread.join()
    #expect(graveyard.numbers == [1])
  }

  @Test func `a signalled condition wakes its waiter`() throws {
    final class Flag: @unchecked Sendable {
      let mutex = PthreadMutex()
      let condition = PthreadCondition()
      var raised = false
    }
    let flag = Flag()
    let thread = try DataPlaneThread(name: "signaller") {
      flag.mutex.withLock { flag.raised = true }
      flag.condition.broadcast()
    }
    flag.mutex.lock()
    while !flag.raised { flag.condition.wait(with: flag.mutex) }
    let raised = flag.raised
    flag.mutex.unlock()
    thread.join()
    #expect(raised)
  }
}
