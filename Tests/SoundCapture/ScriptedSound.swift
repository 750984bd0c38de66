import Glibc
import Pipelines

@testable import SoundCapture

/// What a scripted device offers; everything in S16 where it may.
struct ScriptedOffer {
  var rates: Set<Int> = [16_000]
  var channels: ClosedRange<Int> = 1...1
  var formats: Set<SampleFormat> = [.s16]
}

/// What happens to a scripted device, in order.
enum SoundStep {
  /// So many samples of all channels, heard during the time before now, after some time.
  case sound([Int16], after: Duration)
  /// It says ready, and has nothing.
  case nothing
  /// No sound for so long.
  case silence(Duration)
  /// A read fails; with ENODEV the device is gone.
  case fails(Int32)
  /// What the next call of `resume` gives.
  case resume(Int32)
  /// The device comes back after so many pauses.
  case plug(after: Int)
}

/// A sound system whose devices, events and clock follow a script; at its end it stops. Used by one thread.
final class ScriptedSound: SoundSystem, @unchecked Sendable {
  var steps: [SoundStep]
  var offer: ScriptedOffer?
  var openErrors: [Int32] = []
  var devices: [CaptureDevice] = []
  private(set) var openings = 0
  private(set) var starts = 0
  private(set) var closings = 0
  private(set) var pauses = 0
  private(set) var isStopped = false
  /// Called before each wait.
  var onWait: (() -> Void)?
  /// What comes back.
  var replacement: ScriptedOffer
  /// Sleeps so long when a resumption succeeds.
  var nap = Duration.zero
  private var sleepingTime = Duration.zero
  private var time = MonotonicInstant(nanoseconds: 1_000_000_000_000)

  init(_ steps: [SoundStep], offer: ScriptedOffer = ScriptedOffer()) {
    self.steps = steps
    self.offer = offer
    replacement = offer
  }

  func stop() { isStopped = true }
  func now() -> MonotonicInstant { time }
  func slept() -> Duration { sleepingTime }
  func captureDevices() -> [CaptureDevice] { devices }

  func open(_ name: String) throws(SoundFailure) -> any SoundDevice {
    openings += 1
    if !openErrors.isEmpty { throw SoundFailure(number: openErrors.removeFirst()) }
    guard let offer else { throw SoundFailure(number: ENOENT) }
    return ScriptedDevice(offer, of: self)
  }

  func wait(for device: (any SoundDevice)?, until deadline: MonotonicInstant) -> SoundWait {
    onWait?()
    if steps.isEmpty { isStopped = true }
    if isStopped { return .stopped }
    guard device != nil else {
      pauses += 1
      time = max(time, deadline)
      if case .plug(let rest) = steps[0] {
        if rest > 1 { steps[0] = .plug(after: rest - 1) } else { steps.removeFirst() }
        if rest <= 1 { offer = replacement }
      }
      return .timedOut
    }
    switch steps[0] {
    case .sound(let samples, let after):
      time = time.advanced(by: after)
      steps[0] = .sound(samples, after: .zero)
      return .ready
    case .silence(let rest):
      let step = min(rest, time.duration(to: deadline))
      time = time.advanced(by: step)
      if step == rest { steps.removeFirst() } else { steps[0] = .silence(rest - step) }
      return .timedOut
    case .nothing, .fails, .resume, .plug:
      return .ready
    }
  }

  fileprivate func read(_ memory: UnsafeMutableRawPointer, samples count: Int) -> Int {
    switch steps.first {
    case .sound(let samples, .zero):
      let taken = min(count, samples.count)
      unsafe samples.withUnsafeBytes { unsafe memory.copyMemory(from: $0.baseAddress!, byteCount: taken * 2) }
      if taken == samples.count { steps.removeFirst() } else { steps[0] = .sound(Array(samples[taken...]), after: .zero) }
      return taken
    case .fails(let number):
      steps.removeFirst()
      if number == ENODEV { offer = nil }
      return -Int(number)
    case .nothing:
      steps.removeFirst()
      return 0
    default:
      return 0
    }
  }

  /// Samples of all channels that are there.
  fileprivate var waiting: Int {
    if case .sound(let samples, .zero)? = steps.first { samples.count } else { 0 }
  }

  fileprivate func noteStart() { starts += 1 }
  fileprivate func noteClosing() { closings += 1 }

  fileprivate func resume() -> Int32 {
    guard case .resume(let number)? = steps.first else { return 0 }
    steps.removeFirst()
    if number == 0 { sleepingTime += nap }
    return number
  }
}

final class ScriptedDevice: SoundDevice, @unchecked Sendable {
  private let offer: ScriptedOffer
  private let system: ScriptedSound
  private var channels = 1

  init(_ offer: ScriptedOffer, of system: ScriptedSound) {
    self.offer = offer
    self.system = system
  }

  func beginNegotiation() throws(SoundFailure) {}
  func narrow(rate: Int) -> Bool { offer.rates.contains(rate) }
  func narrow(nearestRate: Int) -> Int? { offer.rates.min { abs($0 - nearestRate) < abs($1 - nearestRate) } }
  func narrow(format: SampleFormat) -> Bool { offer.formats.contains(format) }

  func narrow(channels: Int) -> Bool {
    self.channels = channels
    return offer.channels.contains(channels)
  }

  func narrowToFewestChannels() -> Int? {
    channels = offer.channels.lowerBound
    return channels
  }

  func finishNegotiation(period: Int, buffer: Int) throws(SoundFailure) -> (period: Int, buffer: Int) { (period, buffer) }

  func start() -> Int32 {
    system.noteStart()
    return 0
  }

  func prepare() -> Int32 { 0 }
  func resume() -> Int32 { system.resume() }
  func waitingFrames() -> Int { system.waiting / channels }
  func close() { system.noteClosing() }

  func read(into memory: UnsafeMutableRawPointer, frames: Int) -> Int {
    let count = unsafe system.read(memory, samples: frames * channels)
    return count > 0 ? count / channels : count
  }
}

/// What a reader got of a script that ran to its end.
final class Heard {
  private(set) var samples: [Float] = []
  private(set) var blocks: [SoundBlock] = []
  private(set) var states: [MicrophoneState] = []
  private(set) var counters = MicrophoneCounters()

  /// - Parameter readsAlong: whether the reader looks whenever the capture thread waits; else it comes when all is over.
  init(
    _ system: ScriptedSound, device: String = "hw:0", settings: MicrophoneSettings = MicrophoneSettings(),
    negotiation: SoundNegotiation = SoundNegotiation(), readsAlong: Bool = true
  ) {
    let capture = MicrophoneCapture(device: device, settings: settings, system: system, negotiation: negotiation)
    if readsAlong { system.onWait = { self.read(capture) } }
    capture.run()
    system.onWait = nil
    read(capture)
    counters = capture.status.counters
  }

  private func read(_ capture: MicrophoneCapture) {
    var block: [Float] = []
    while true {
      switch capture.next(into: &block, timeout: .zero) {
      case .sound(let found):
        blocks.append(found)
        samples += block
      case .stateChanged(let state): states.append(state)
      case .timedOut, .ended: return
      }
    }
  }

  /// The reasons of all waiting, in order.
  var reasons: [String] {
    states.compactMap { if case .waiting(let reason) = $0 { reason } else { nil } }
  }
}
