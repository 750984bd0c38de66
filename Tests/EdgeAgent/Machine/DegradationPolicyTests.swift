import Pipelines
import Testing

@testable import EdgeAgent

/// A machine whose state is said, looked at every two seconds.
private final class Watched {
  var policy: DegradationPolicy
  var reading = MachineReading()
  var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)

  init(_ adjust: (inout DegradationSettings) -> Void = { _ in }) {
    var settings = DegradationSettings()
    adjust(&settings)
    policy = DegradationPolicy(settings)
  }

  /// - Returns: the step after so many seconds of this.
  func after(_ seconds: Int, celsius: Double = 50, critical: Double? = 100, memory: Double = 0) -> Int {
    reading.temperatures = [.init(zone: "cpu", celsius: celsius, critical: critical)]
    reading.memoryPressure = .init(some: memory, full: nil)
    return again(seconds)
  }

  func again(_ seconds: Int) -> Int {
    for _ in 0..<(seconds / 2) {
      now = now.advanced(by: .seconds(2))
      _ = policy.observe(reading, at: now)
    }
    return policy.step
  }
}

@Suite struct DegradationPolicyTests {
  @Test func `heat takes a step after ten seconds and another every half minute, three at most`() {
    let watched = Watched()
    #expect(watched.after(10, celsius: 94.9) == 0)
    #expect(watched.after(10, celsius: 95) == 0)
    #expect(watched.again(2) == 1)
    #expect(watched.policy.reasons == ["cpu is at 95.0 °C (limit 95.0 °C)"])
    #expect(watched.again(28) == 1)
    #expect(watched.again(2) == 2)
    #expect(watched.again(30) == 3)
    #expect(watched.again(600) == 3)
  }

  @Test func `a peak is no strain, and heat in pieces begins anew each time`() {
    let watched = Watched()
    for _ in 0..<20 {
      #expect(watched.after(8, celsius: 97) == 0)
      #expect(watched.after(2, celsius: 94) == 0)
    }
  }

  @Test func `great heat takes a step in three looks`() {
    let watched = Watched()
    #expect(watched.after(4, celsius: 98) == 0)
    #expect(watched.again(2) == 1)
    #expect(watched.again(4) == 1)
    #expect(watched.again(2) == 2)
    #expect(watched.again(6) == 3)
  }

  @Test func `looks that aren't in a row are no great heat`() {
    let watched = Watched()
    for _ in 0..<100 {
      #expect(watched.after(4, celsius: 99) == 0)
      #expect(watched.after(2, celsius: 60) == 0)
    }
  }

  @Test(arguments: [-273.2, -30.1, 110.1, 151, 6553.5, .infinity, .nan])
  func `what can't be true is no reading`(celsius: Double) {
    let watched = Watched()
    #expect(watched.after(600, celsius: celsius) == 0)
    let configured = Watched { $0.temperature = 70 }
    #expect(configured.after(600, celsius: celsius) == 0)
    // Nor is it a rest: the zone is silent.
    #expect(watched.after(6, celsius: 99) == 1)
    #expect(watched.after(120, celsius: celsius) == 1)
  }

  @Test func `only zones that are named count`() {
    let watched = Watched { $0.zones = ["cpu", "gpu"] }
    watched.reading.temperatures = [.init(zone: "battery", celsius: 99, critical: 100), .init(zone: "cpu-x", celsius: 99, critical: 100)]
    #expect(watched.again(60) == 0)
    watched.reading.temperatures.append(.init(zone: "cpu-3", celsius: 99, critical: 100))
    #expect(watched.again(6) == 1)
    #expect(watched.policy.reasons == ["cpu-3 is at 99.0 °C (limit 95.0 °C)"])
  }

  @Test func `steps are taken back one a minute, only while it is clearly cooler`() {
    let watched = Watched()
    #expect(watched.after(18, celsius: 99) == 3)
    // Below the limit, but not by far: it would be there again at once.
    #expect(watched.after(300, celsius: 91) == 3)
    #expect(watched.after(60, celsius: 90) == 3)
    #expect(watched.again(2) == 2)
    #expect(watched.again(60) == 1)
    // What was cool begins anew.
    #expect(watched.after(2, celsius: 92) == 1)
    #expect(watched.after(60, celsius: 80) == 1)
    #expect(watched.again(2) == 0)
    #expect(watched.policy.reasons.isEmpty)
  }

  @Test func `at the limit a machine neither flaps nor climbs`() {
    let watched = Watched()
    #expect(watched.after(12, celsius: 96) == 1)
    // Never a whole half minute of strain, never a whole minute of rest.
    for round in 0..<200 { #expect(watched.after(28, celsius: round.isMultiple(of: 2) ? 94 : 96) == 1) }
  }

  @Test func `without strain a step is taken back after ten minutes, though it is hardly cooler`() {
    let watched = Watched()
    #expect(watched.after(12, celsius: 96) == 1)
    #expect(watched.after(600, celsius: 94) == 1)
    #expect(watched.after(2, celsius: 96) == 1)
    #expect(watched.after(600, celsius: 94) == 1)
    #expect(watched.again(2) == 0)
  }

  @Test func `time that nobody looked is no strain`() {
    let watched = Watched()
    #expect(watched.after(4, celsius: 96) == 0)
    watched.now = watched.now.advanced(by: .seconds(3600))
    #expect(watched.again(2) == 0)
    #expect(watched.again(4) == 1)
  }

  @Test func `other settings keep the step`() {
    let watched = Watched()
    #expect(watched.after(12, celsius: 96) == 1)
    watched.policy.settings.temperature = 94
    #expect(watched.again(30) == 1)
    #expect(watched.again(2) == 2)
    watched.policy.settings.isEnabled = false
    #expect(watched.again(2) == 0)
  }

  @Test func `programs that wait for memory are a strain, too`() {
    let watched = Watched { $0.memoryPressure = 30 }
    #expect(watched.after(60, memory: 29.9) == 0)
    #expect(watched.after(12, memory: 30) == 1)
    #expect(watched.policy.reasons == ["programs waited for memory 30.0 % of the time (limit 30.0 %)"])
    #expect(watched.after(300, memory: 16) == 1)
    #expect(watched.after(62, memory: 15) == 0)
  }

  @Test func `a configured temperature holds for zones without a critical one`() {
    let watched = Watched()
    #expect(watched.after(60, celsius: 140, critical: nil) == 0)
    #expect(watched.after(60, celsius: 40, critical: 20) == 0)
    let configured = Watched { $0.temperature = 70 }
    #expect(configured.after(12, celsius: 70, critical: nil) == 1)
  }

  @Test func `a zone that falls silent hasn't cooled, and is forgotten after ten minutes`() {
    let watched = Watched()
    #expect(watched.after(6, celsius: 98) == 1)
    watched.reading.temperatures = []
    #expect(watched.again(598) == 1)
    #expect(watched.policy.forgotten.isEmpty)
    #expect(watched.again(2) == 1)
    #expect(watched.policy.forgotten == ["cpu"])
    #expect(watched.again(58) == 1)
    #expect(watched.again(2) == 0)
  }

  @Test func `where it is switched off nothing is left out`() {
    let watched = Watched { $0.isEnabled = false }
    #expect(watched.after(600, celsius: 200, memory: 100) == 0)
  }
}

@Suite struct FrameThrottleTests {
  /// - Returns: frames processed of `count`, one every `interval`, each of which takes `work`.
  private func processed(step: Int, count: Int, interval: Duration, work: Duration) -> Int {
    var throttle = FrameThrottle()
    var (now, free, done) = (MonotonicInstant(nanoseconds: 1_000_000_000), MonotonicInstant(nanoseconds: 0), 0)
    for _ in 0..<count {
      now = now.advanced(by: interval)
      // Nobody takes it while the one before is worked on.
      guard now >= free else { continue }
      guard throttle.admits(at: now, step: step) else { continue }
      free = now.advanced(by: work)
      throttle.note(work, until: free, step: step)
      done += 1
    }
    return done
  }

  @Test(arguments: [(0, 800), (1, 400), (2, 200), (3, 100)])
  func `of frames that are quick every 2^k-th is left`(step: Int, expected: Int) {
    #expect(processed(step: step, count: 800, interval: .milliseconds(33), work: .milliseconds(5)) == expected)
  }

  @Test func `a model that is busy all the time rests as long as it should`() {
    let all = processed(step: 0, count: 8000, interval: .milliseconds(10), work: .milliseconds(100))
    for step in 1...3 {
      let left = processed(step: step, count: 8000, interval: .milliseconds(10), work: .milliseconds(100))
      #expect(abs(left - all >> step) <= all / 50, "\(step): \(left) of \(all)")
    }
  }

  @Test func `one slow frame doesn't blind a pipeline for longer than a second`() {
    var throttle = FrameThrottle()
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    throttle.note(.seconds(30), until: now, step: 3)
    var leftOut = 0
    while leftOut < 1000, !throttle.admits(at: now, step: 3) {
      leftOut += 1
      now = now.advanced(by: .milliseconds(33))
    }
    #expect(leftOut == 31)
  }

  @Test func `back at step 0 the next frame is processed`() {
    var throttle = FrameThrottle()
    let now = MonotonicInstant(nanoseconds: 1)
    throttle.note(.seconds(1), until: now, step: 3)
    let answers = [throttle.admits(at: now, step: 3), throttle.admits(at: now, step: 0)]
    #expect(answers == [false, true])
  }
}
