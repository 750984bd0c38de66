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

  @Test func `great heat doesn't wait`() {
    let watched = Watched()
    #expect(watched.after(2, celsius: 98) == 1)
    #expect(watched.again(2) == 2)
    #expect(watched.again(2) == 3)
  }

  @Test func `steps are taken back one a minute, only while it is clearly cooler`() {
    let watched = Watched()
    #expect(watched.after(6, celsius: 99) == 3)
    // Below the limit, but not by far: it would be there again at once.
    #expect(watched.after(600, celsius: 91) == 3)
    #expect(watched.after(60, celsius: 90) == 3)
    #expect(watched.again(2) == 2)
    #expect(watched.again(60) == 1)
    // What was cool begins anew.
    #expect(watched.after(2, celsius: 92) == 1)
    #expect(watched.after(60, celsius: 80) == 1)
    #expect(watched.again(2) == 0)
    #expect(watched.policy.reasons.isEmpty)
  }

  @Test func `at the limit a machine doesn't flap`() {
    let watched = Watched()
    var steps: [Int] = []
    for round in 0..<200 { steps.append(watched.after(10, celsius: round.isMultiple(of: 2) ? 96 : 94)) }
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func `programs that wait for memory are a strain, too`() {
    let watched = Watched { $0.memoryPressure = 30 }
    #expect(watched.after(60, memory: 29.9) == 0)
    #expect(watched.after(12, memory: 30) == 1)
    #expect(watched.policy.reasons == ["programs waited for memory 30.0 % of the time (limit 30.0 %)"])
    #expect(watched.after(600, memory: 16) == 1)
    #expect(watched.after(62, memory: 15) == 0)
  }

  @Test func `a configured temperature holds for zones without a critical one`() {
    let watched = Watched()
    #expect(watched.after(60, celsius: 140, critical: nil) == 0)
    #expect(watched.after(60, celsius: 40, critical: 20) == 0)
    let configured = Watched { $0.temperature = 70 }
    #expect(configured.after(12, celsius: 70, critical: nil) == 1)
  }

  @Test func `a zone that falls silent hasn't cooled`() {
    let watched = Watched()
    #expect(watched.after(2, celsius: 98) == 1)
    watched.reading.temperatures = []
    #expect(watched.again(600) == 1)
    #expect(watched.after(62, celsius: 60) == 0)
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

  @Test func `back at step 0 the next frame is processed`() {
    var throttle = FrameThrottle()
    let now = MonotonicInstant(nanoseconds: 1)
    throttle.note(.seconds(1), until: now, step: 3)
    let answers = [throttle.admits(at: now, step: 3), throttle.admits(at: now, step: 0)]
    #expect(answers == [false, true])
  }
}
