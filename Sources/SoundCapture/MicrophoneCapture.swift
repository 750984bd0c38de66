import Glibc
import Pipelines
import SoundResampling

/// The capture thread's work: opens the device, fetches its sound, and gets over what happens to it, until it is stopped.
///
/// Fetching neither allocates nor waits for the reader; only what interrupts a stream does.
final class MicrophoneCapture: @unchecked Sendable {
  /// Without sound for so long, a device is told to be silent.
  static let silenceLimit = Duration.seconds(5)
  static let shortestBackOff = Duration.milliseconds(250)
  static let longestBackOff = Duration.seconds(2)
  /// How long a device is left alone that says it has something and has nothing, or that sleeps.
  static let shortPause = Duration.milliseconds(10)
  /// So many overruns without a frame between them, and the device is opened anew.
  static let overrunLimit = 10

  let device: String
  let settings: MicrophoneSettings
  let system: any SoundSystem
  private let negotiation: SoundNegotiation
  let status = MicrophoneStatus()
  let ring: SoundRing
  private let assembly: BlockAssembly
  private let onTurn: CaptureTurn?

  private var stream: (device: any SoundDevice, intake: SoundIntake)?
  private var nextAttempt = MonotonicInstant(nanoseconds: 0)
  private var backOff = MicrophoneCapture.shortestBackOff
  private var hasCaptured = false
  private var lastHeard = MonotonicInstant(nanoseconds: 0)
  /// Until when there was sound, while there is a gap.
  private var gapStart: MonotonicInstant?
  private var isSuspended = false
  private var emptyReadsInRow = 0
  private var overrunsInRow = 0
  /// Where the last frame that was fetched stands in time.
  private var heardUntil: MonotonicInstant?
  /// How long the machine had slept when it was fetched.
  private var sleptByThen = Duration.zero

  init(
    device: String, settings: MicrophoneSettings, system: any SoundSystem, negotiation: SoundNegotiation = SoundNegotiation(), onTurn: CaptureTurn? = nil
  ) {
    self.onTurn = onTurn
    self.device = device
    self.settings = settings
    self.system = system
    self.negotiation = negotiation
    ring = SoundRing(blockCount: settings.blockCount, blockLength: settings.blockLength)
    assembly = BlockAssembly(settings: settings, ring: ring, status: status)
  }

  func run() {
    while !system.isStopped {
      onTurn?(true)
      if let stream { awaitSound(from: stream.device, stream.intake) } else { awaitDevice() }
    }
    breakOff()
    stream?.device.close()
    stream = nil
    enter(.ended)
    ring.close()
    onTurn?(false)
  }

  private func enter(_ state: MicrophoneState) {
    status.enter(state)
    ring.signal()
  }

  // MARK: Opening

  private func awaitDevice() {
    guard system.now() >= nextAttempt else {
      _ = system.wait(for: nil, until: nextAttempt)
      return
    }
    do throws(SoundCaptureError) {
      let stream = try openStream()
      self.stream = stream
      if hasCaptured { status.count(\.resumptions) }
      hasCaptured = true
      (lastHeard, emptyReadsInRow, overrunsInRow, isSuspended) = (system.now(), 0, 0, false)
      enter(.capturing(stream.intake.format))
    } catch {
      // That a device which was lost isn't back yet is known.
      if !hasCaptured || error.code != .notFound { enter(.waiting(error.message)) }
      postpone()
    }
  }

  private func postpone() {
    nextAttempt = system.now().advanced(by: backOff)
    backOff = min(backOff * 2, Self.longestBackOff)
  }

  private func openStream() throws(SoundCaptureError) -> (device: any SoundDevice, intake: SoundIntake) {
    let opened: any SoundDevice
    do throws(SoundFailure) { opened = try system.open(device) } catch { throw explain(error, doing: "be opened") }
    do throws(SoundCaptureError) {
      let format: SoundStreamFormat
      do throws(SoundNegotiation.Failure) { format = try negotiation.negotiate(with: opened, rate: settings.sampleRate) } catch { throw explain(error) }
      let intake = try intake(format)
      let number = opened.start()
      guard number == 0 else { throw explain(SoundFailure(number: number), doing: "start capturing") }
      return (opened, intake)
    } catch {
      opened.close()
      throw error
    }
  }

  private func intake(_ format: SoundStreamFormat) throws(SoundCaptureError) -> SoundIntake {
    do throws(SoundResamplingError) {
      return try SoundIntake(format: format, outputRate: settings.sampleRate, assembly: assembly, status: status)
    } catch { throw SoundCaptureError(.noResources, "\(device): \(error.message)") }
  }

  // MARK: Capturing

  private func awaitSound(from device: any SoundDevice, _ intake: SoundIntake) {
    if isSuspended { return awaitResumption(of: device) }
    let isTold = if case .waiting = status.state { true } else { false }
    let limit = (isTold ? system.now() : lastHeard).advanced(by: Self.silenceLimit)
    switch system.wait(for: device, until: limit) {
    case .stopped: return
    // One that comes too early is a plugin's that stirs without having sound.
    case .timedOut: if system.now() < limit { handle(0, of: device) }
    case .ready: fetch(from: device, intake)
    }
    if stream != nil, !isTold, system.now() >= lastHeard.advanced(by: Self.silenceLimit) {
      enter(.waiting("\(self.device) has delivered no sound for \(Self.silenceLimit.components.seconds) s; check its cable, and that nothing holds it up"))
    }
  }

  /// Takes what the device has.
  private func fetch(from device: any SoundDevice, _ intake: SoundIntake) {
    // A device that always has more must not keep a stop from being seen.
    for _ in 0...SoundNegotiation.wakeUpsPerSecond {
      let count = unsafe device.read(into: intake.memory, frames: intake.chunk)
      guard count > 0 else { return handle(Int32(-count), of: device) }
      take(count, from: device, intake)
      if count < intake.chunk { return }
    }
  }

  private func take(_ count: Int, from device: any SoundDevice, _ intake: SoundIntake) {
    let now = system.now()
    let end = now.advanced(by: .zero - intake.duration(of: device.waitingFrames()))
    if let gap = gapStart {
      let awake = gap.duration(to: end.advanced(by: .zero - intake.duration(of: count)))
      // The two clocks are read one after the other.
      let asleep = system.slept() - sleptByThen
      let silence = asleep > .milliseconds(1) ? awake + asleep : awake
      let lost = silence.wholeNanoseconds > 0 ? silence / .seconds(1) * Double(settings.sampleRate) : 0
      assembly.skip(Int(lost.rounded()))
      gapStart = nil
    }
    guard intake.take(count, heardUntil: end) else { return lose("the sound of \(self.device) can't be brought to another rate; trying again") }
    (heardUntil, sleptByThen) = (end, system.slept())
    (lastHeard, emptyReadsInRow, overrunsInRow, backOff) = (now, 0, 0, Self.shortestBackOff)
    if case .waiting = status.state { enter(.capturing(intake.format)) }
  }

  /// What a read gave that was no sound.
  private func handle(_ number: Int32, of device: any SoundDevice) {
    switch number {
    case 0:
      // It may be a moment too early, or a device that is always ready.
      emptyReadsInRow += 1
      if emptyReadsInRow > 2 { _ = system.wait(for: nil, until: system.now().advanced(by: Self.shortPause)) }
    case EPIPE:
      status.count(\.overruns)
      overrunsInRow += 1
      guard overrunsInRow < Self.overrunLimit else { return lose("\(self.device) runs over at once, again and again; trying again") }
      restart(device)
    case ESTRPIPE:
      status.count(\.suspensions)
      isSuspended = true
    case ENODEV, ENXIO:
      lose("\(self.device) was unplugged; waiting for it to come back")
    case let number:
      lose("\(self.device) failed while capturing (\(systemMessage(number))); trying again")
    }
  }

  private func awaitResumption(of device: any SoundDevice) {
    switch device.resume() {
    case EAGAIN:
      _ = system.wait(for: nil, until: system.now().advanced(by: Self.shortPause))
      guard case .capturing = status.state, system.now() >= lastHeard.advanced(by: Self.silenceLimit) else { return }
      enter(.waiting("\(self.device) is suspended; waiting for it to wake"))
    case 0:
      // Goes on by itself, behind a gap.
      isSuspended = false
      _ = beginRun()
      lastHeard = system.now()
    case ENODEV: lose("\(self.device) was unplugged; waiting for it to come back")
    default:
      isSuspended = false
      restart(device)
      lastHeard = system.now()
    }
  }

  /// Begins again behind a gap.
  private func restart(_ device: any SoundDevice) {
    guard beginRun() else { return }
    var number = device.prepare()
    if number == 0 { number = device.start() }
    switch number {
    case 0: return
    case ENODEV: lose("\(self.device) was unplugged; waiting for it to come back")
    case let number: lose("\(self.device) can't go on after an interruption (\(systemMessage(number))); trying again")
    }
  }

  /// A new run of frames, behind a gap. - Returns: false where there is no memory for it; the stream is then given up.
  private func beginRun() -> Bool {
    breakOff()
    guard let format = stream?.intake.format else { return false }
    do throws(SoundCaptureError) {
      stream?.intake = try intake(format)
      return true
    } catch {
      lose(error.message)
      return false
    }
  }

  /// What was heard so far comes out, and a gap begins.
  private func breakOff() {
    guard let end = heardUntil else { return }
    stream?.intake.finish(heardUntil: end)
    assembly.flush()
    if gapStart == nil { gapStart = end }
    heardUntil = nil
  }

  /// Gives the stream up for now.
  private func lose(_ reason: String) {
    breakOff()
    stream?.device.close()
    stream = nil
    isSuspended = false
    status.count(\.failures)
    enter(.waiting(reason))
    postpone()
  }
}
