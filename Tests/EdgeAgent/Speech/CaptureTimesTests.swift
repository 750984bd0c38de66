import Pipelines
import Testing

@testable import EdgeAgent

@Suite struct CaptureTimesTests {
  private func time(_ seconds: Double) -> WallTime { WallTime(microseconds: Int64(seconds * 1e6)) }

  @Test func `a place in the sound has the time at which its sample was heard`() {
    var times = CaptureTimes(sampleRate: 1000)
    for block in 0..<500 { times.note(block * 20, count: 20, at: time(100 + Double(block) * 0.02)) }
    #expect(times.time(of: .milliseconds(2500)) == time(102.5))
    #expect(times.time(of: .zero) == time(100))
    #expect(times.time(of: .seconds(11)) == time(111))
  }

  @Test func `what was said before a gap keeps its time, and behind it the gap's true length counts`() {
    var times = CaptureTimes(sampleRate: 1000)
    times.note(0, count: 20, at: time(100))
    // The machine slept for longer than the positions say.
    times.note(5000, count: 20, at: time(3700))
    #expect(times.time(of: .milliseconds(10)) == time(100.01))
    #expect(times.time(of: .milliseconds(5010)) == time(3700.01))
  }

  @Test func `a clock that is set counts from the next mark on`() {
    var times = CaptureTimes(sampleRate: 1000)
    times.note(0, count: 1000, at: time(100))
    times.note(1000, count: 1000, at: time(501))
    #expect(times.time(of: .milliseconds(999)) == time(100.999))
    #expect(times.time(of: .milliseconds(1500)) == time(501.5))
  }

  @Test func `hours of sound are remembered by a few minutes`() {
    var times = CaptureTimes(sampleRate: 1000)
    for block in 0..<20_000 { times.note(block * 1000, count: 1000, at: time(Double(block))) }
    #expect(times.time(of: .seconds(19_990)) == time(19_990))
    #expect(times.markCount <= 130)
    #expect(CaptureTimes(sampleRate: 1000).markCount == 0)
  }
}
