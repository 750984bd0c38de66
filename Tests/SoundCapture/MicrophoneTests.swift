import Foundation
import Pipelines
import Testing

@testable import SoundCapture

/// What a capture thread told, on the test's own.
private final class Turns: @unchecked Sendable {
  var turns: [(goesOn: Bool, at: MonotonicInstant)] = []
}

/// A sound system that doesn't come back from opening a device before the test says so.
private final class HungDriver: SoundSystem, @unchecked Sendable {
  let isAsked = DispatchSemaphore(value: 0)
  private let isBack = DispatchSemaphore(value: 0)
  private let lock = NSLock()
  private var stopped = false

  var isStopped: Bool { lock.withLock { stopped } }
  func stop() { lock.withLock { stopped = true } }
  func comeBack() { isBack.signal() }
  func now() -> MonotonicInstant { MonotonicClock.now() }
  func slept() -> Duration { .zero }
  func captureDevices() -> [CaptureDevice] { [] }
  func wait(for device: (any SoundDevice)?, until deadline: MonotonicInstant) -> SoundWait { .stopped }

  func open(_ name: String) throws(SoundFailure) -> any SoundDevice {
    isAsked.signal()
    isBack.wait()
    throw SoundFailure(number: EIO)
  }
}

/// A microphone on a scripted device: exact samples, exact counts.
@Suite struct MicrophoneTests {
  /// Counting up, so that each sample is known.
  private func count(_ range: Range<Int>) -> [Int16] { range.map { Int16(truncatingIfNeeded: $0) } }
  private func floats(_ range: Range<Int>) -> [Float] { count(range).map { Float($0) / 32_768 } }
  private let period = Duration.milliseconds(20)

  private let format = SoundStreamFormat(sampleFormat: .s16, sampleRate: 16_000, channelCount: 1, period: 320, buffer: 8000)

  @Test func `what the device gives comes as blocks of one length, whatever it gives at once`() {
    let heard = Heard(
      ScriptedSound([.sound(count(0..<100), after: period), .sound(count(100..<1000), after: period), .sound(count(1000..<1001), after: period)]))
    #expect(heard.samples == floats(0..<1001))
    #expect(heard.blocks.map(\.count) == [320, 320, 320, 41])
    #expect(heard.blocks.map(\.position) == [0, 320, 640, 960])
    #expect(heard.states == [.capturing(format)])
    #expect(heard.counters.delivered == 1001)
    #expect(heard.counters.lost == 0 && heard.counters.dropped == 0)
  }

  @Test func `blocks tell when they were heard`() {
    let system = ScriptedSound([.sound(count(0..<320), after: period), .sound(count(320..<960), after: .milliseconds(40))])
    let start = system.now()
    #expect(Heard(system).blocks.map { start.duration(to: $0.capturedAt) } == [.zero, .milliseconds(20), .milliseconds(40)])
  }

  @Test func `the capture thread goes round every few seconds, whatever the device does, and tells its end`() {
    let system = ScriptedSound([
      .sound(count(0..<320), after: period), .silence(.seconds(60)), .sound(count(320..<640), after: period), .fails(ENODEV), .plug(after: 20),
      .sound(count(640..<960), after: period),
    ])
    let told = Turns()
    MicrophoneCapture(device: "hw:0", settings: MicrophoneSettings(), system: system) { told.turns.append(($0, system.now())) }.run()
    let turns = told.turns
    #expect(turns.count > 30 && turns.filter { !$0.goesOn }.count == 1 && turns.last?.goesOn == false)
    #expect(zip(turns, turns.dropFirst()).allSatisfy { $0.at.duration(to: $1.at) <= MicrophoneCapture.silenceLimit })
  }

  @Test func `channels become their mean`() {
    let heard = Heard(ScriptedSound([.sound([100, 300, -50, -150, 7, 8], after: period)], offer: ScriptedOffer(channels: 2...2)))
    #expect(heard.samples == [200, -100, 7.5].map { Float($0) / 32_768 })
  }

  @Test func `after an overrun it goes on, and what was lost is a step in the positions`() {
    let heard = Heard(
      ScriptedSound([.sound(count(0..<400), after: .milliseconds(25)), .silence(.milliseconds(600)), .fails(EPIPE), .sound(count(400..<720), after: period)]))
    #expect(heard.samples == floats(0..<720))
    // 620 ms later, of which 20 were heard.
    #expect(heard.blocks.map(\.position) == [0, 320, 400 + 9600])
    #expect(heard.blocks.map(\.count) == [320, 80, 320])
    #expect(heard.counters.overruns == 1)
    #expect(heard.counters.lost == 9600)
    #expect(heard.counters.failures == 0)
  }

  @Test func `a device that runs over again and again is opened anew`() {
    let system = ScriptedSound(
      [.sound(count(0..<320), after: period)] + [SoundStep](repeating: .fails(EPIPE), count: MicrophoneCapture.overrunLimit)
        + [.sound(count(320..<640), after: period)])
    let heard = Heard(system)
    #expect(heard.samples == floats(0..<640))
    #expect(heard.counters.overruns == UInt64(MicrophoneCapture.overrunLimit))
    #expect(heard.counters.failures == 1)
    #expect(heard.counters.resumptions == 1)
    #expect(heard.reasons.count == 1 && heard.reasons[0].contains("runs over"))
  }

  @Test(arguments: [0, ENOSYS])
  func `a suspension is waited for, then it goes on`(last: Int32) {
    let system = ScriptedSound([
      .sound(count(0..<320), after: period), .fails(ESTRPIPE), .resume(EAGAIN), .resume(EAGAIN), .resume(last), .sound(count(320..<640), after: period),
    ])
    let heard = Heard(system)
    #expect(heard.samples == floats(0..<640))
    #expect(heard.counters.suspensions == 1)
    // Two pauses of 10 ms.
    #expect(heard.counters.lost == 320)
    #expect(heard.blocks.map(\.position) == [0, 640])
    #expect(system.starts == (last == 0 ? 1 : 2))
    #expect(heard.states == [.capturing(format)])
  }

  @Test func `a device that doesn't wake is told once`() {
    let heard = Heard(
      ScriptedSound(
        [.sound(count(0..<320), after: period), .fails(ESTRPIPE)] + [SoundStep](repeating: .resume(EAGAIN), count: 700)
          + [.resume(0), .sound(count(320..<640), after: period)]))
    #expect(heard.states == [.capturing(format), .waiting("hw:0 is suspended; waiting for it to wake"), .capturing(format)])
    #expect(heard.counters.suspensions == 1 && heard.counters.lost == 7 * 16_000)
    #expect(heard.samples == floats(0..<640))
  }

  @Test func `what the machine slept through is lost by the clock that doesn't stand still`() {
    let system = ScriptedSound([.sound(count(0..<320), after: period), .fails(ESTRPIPE), .resume(0), .sound(count(320..<640), after: period)])
    system.nap = .seconds(3600)
    let heard = Heard(system)
    #expect(heard.counters.lost == 3600 * 16_000 && heard.blocks.last?.position == 320 + 3600 * 16_000)
    #expect(heard.samples == floats(0..<640))
  }

  @Test func `an unplugged device is told once, and resumes when it is back`() {
    let system = ScriptedSound([.sound(count(0..<320), after: period), .fails(ENODEV), .plug(after: 3), .sound(count(320..<640), after: period)])
    let start = system.now()
    let heard = Heard(system)
    #expect(heard.samples == floats(0..<640))
    #expect(heard.states == [.capturing(format), .waiting("hw:0 was unplugged; waiting for it to come back"), .capturing(format)])
    #expect(heard.counters.failures == 1 && heard.counters.resumptions == 1)
    // 250, 500 and 1000 ms after the first attempts.
    #expect(heard.counters.lost == 28_000)
    #expect(system.openings == 4)
    // The position tells the time.
    let last = heard.blocks[heard.blocks.count - 1]
    #expect(start.duration(to: last.capturedAt) == .seconds(last.position) / 16_000)
    #expect(system.closings == 2)
  }

  @Test func `another rate, format and number of channels after the return is no matter`() {
    let system = ScriptedSound([.sound(count(0..<320), after: period), .fails(ENODEV), .plug(after: 1), .sound(count(0..<640), after: period)])
    system.replacement = ScriptedOffer(channels: 2...2)
    let heard = Heard(system)
    #expect(heard.blocks.map(\.count) == [320, 320])
    let expected = (0..<320).map { (index: Int) -> Float in (Float(index) * 2 + 0.5) / 32_768 }
    #expect(Array(heard.samples[320...]) == expected)
  }

  @Test func `a busy device is waited for`() {
    let system = ScriptedSound([.sound(count(0..<320), after: period)])
    system.openErrors = [EBUSY, EBUSY]
    let heard = Heard(system)
    #expect(heard.reasons.count == 1 && heard.reasons[0].contains("used by another program"))
    #expect(heard.states.last == .capturing(format))
    #expect(system.pauses == 2 && system.openings == 3)
    #expect(heard.counters.resumptions == 0)
  }

  @Test(arguments: [
    (ENOENT, "there is no capture device ‘hw:9’; this machine has plughw:CARD=Mic,DEV=0 (Desk microphone)"), (EACCES, "add this user to the group ‘audio’"),
    (EIO, "can't be opened (Input/output error)"),
  ])
  func `what can't be opened says why`(number: Int32, reason: String) {
    let system = ScriptedSound([.sound(count(0..<320), after: period)])
    system.openErrors = [number]
    system.devices = [CaptureDevice(name: "plughw:CARD=Mic,DEV=0", title: "Desk microphone")]
    let heard = Heard(system, device: "hw:9")
    #expect(heard.reasons.count == 1 && heard.reasons[0].contains(reason), "\(heard.reasons)")
    #expect(heard.samples.count == 320)
  }

  @Test func `without a card it says that there is none`() {
    let system = ScriptedSound([.nothing])
    system.openErrors = [ENOENT]
    #expect(Heard(system).reasons == ["there is no capture device ‘hw:0’; this machine has none"])
  }

  @Test func `a silent device is told once, and so is its return`() {
    let heard = Heard(
      ScriptedSound([.sound(count(0..<320), after: period), .silence(.seconds(30)), .sound(count(320..<640), after: period)]))
    #expect(heard.states.count == 3 && heard.states[2] == .capturing(format))
    #expect(heard.reasons.count == 1 && heard.reasons[0].contains("no sound for 5 s"))
    #expect(heard.counters.failures == 0)
    #expect(heard.samples == floats(0..<640))
  }

  @Test func `a device that is always ready and has nothing is given pauses, and told silent`() {
    let system = ScriptedSound([.sound(count(0..<320), after: period)] + [SoundStep](repeating: .nothing, count: 600))
    let heard = Heard(system)
    #expect(system.pauses == 597)
    #expect(heard.reasons.count == 1 && heard.reasons[0].contains("no sound for 5 s"))
  }

  @Test func `a reader that is too slow loses the newest, counted, and sees the gap`() {
    // A second fits.
    let settings = MicrophoneSettings(capacitySeconds: 1)
    let heard = Heard(ScriptedSound([.sound(count(0..<20_000), after: .milliseconds(1250))]), settings: settings, readsAlong: false)
    #expect(heard.samples == floats(0..<16_000))
    #expect(heard.counters.delivered == 16_000 && heard.counters.dropped == 4000)
    #expect(heard.counters.lost == 0)
  }

  @Test func `settings out of range are refused`() {
    for settings in [MicrophoneSettings(sampleRate: 10), MicrophoneSettings(blockMilliseconds: 1), MicrophoneSettings(capacitySeconds: 0)] {
      #expect(throws: SoundCaptureError.self) { try Microphone(device: "x", settings: settings, system: ScriptedSound([])) }
    }
    #expect(throws: SoundCaptureError.self) { try Microphone(device: "", settings: MicrophoneSettings(), system: ScriptedSound([])) }
  }

  @Test func `a driver that doesn't come back holds up nobody who lets go of the microphone`() throws {
    let driver = HungDriver()
    let dropped = DispatchSemaphore(value: 0)
    // Made and let go there, so that a wait for ever is the test's failure and not its end.
    Thread.detachNewThread {
      do {
        let microphone = try? Microphone(device: "hw:0", settings: MicrophoneSettings(), system: driver)
        driver.isAsked.wait()
        microphone?.stop()
      }
      dropped.signal()
    }
    #expect(dropped.wait(timeout: .now() + 20) == .success)
    driver.comeBack()
  }
}
