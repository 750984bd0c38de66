import Glibc
import Pipelines
import SoundCapture

/// What a microphone gives, against snd-aloop: what is played into its one end is heard at the other.
@MainActor struct SoundChecks {
  let device: String
  /// What is played, again and again without a pause: 16 bits, 16 kHz, mono.
  let clip: [Int16]

  init(device: String, clipPath: String) {
    self.device = device
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let descriptor = unsafe open(clipPath, O_RDONLY)
    let count = unsafe read(descriptor, &bytes, bytes.count)
    close(descriptor)
    clip = (0..<max(0, count) / 2).map { Int16(bitPattern: UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8) }
  }

  /// Reads so many samples within a minute.
  private func listen(_ microphone: Microphone, samples count: Int) -> (samples: [Float], blocks: [SoundBlock]) {
    let deadline = MonotonicClock.now().advanced(by: .seconds(60))
    var (samples, block, blocks): ([Float], [Float], [SoundBlock]) = ([], [], [])
    while samples.count < count, MonotonicClock.now() < deadline {
      guard case .sound(let found) = microphone.next(into: &block, timeout: .seconds(5)) else { continue }
      samples += block
      blocks.append(found)
    }
    return (samples, blocks)
  }

  /// Samples in a row that are the clip's, bit by bit.
  private func longestRun(in samples: [Float]) -> Int {
    let heard = samples.map { Int16(clamping: Int($0 * 32_768)) }
    var longest = 0
    var index = 0
    while index + 64 <= heard.count {
      guard heard[index..<index + 64].elementsEqual(clip[..<64]) else {
        index += 1
        continue
      }
      var length = 0
      while index + length < heard.count, heard[index + length] == clip[length % clip.count] { length += 1 }
      longest = max(longest, length)
      index += length
    }
    return longest
  }

  private func wait(_ microphone: Microphone, until isReached: (MicrophoneState) -> Bool) -> String? {
    let deadline = MonotonicClock.now().advanced(by: .seconds(60))
    var block: [Float] = []
    while !isReached(microphone.state) {
      if MonotonicClock.now() > deadline { return "still \(microphone.state) after a minute" }
      _ = microphone.next(into: &block, timeout: .milliseconds(100))
    }
    return nil
  }

  /// Reads until something is counted, or a minute has passed: of a slow reader sound from before it may wait still.
  private func readOn(_ microphone: Microphone, until isCounted: (MicrophoneCounters) -> Bool) {
    let deadline = MonotonicClock.now().advanced(by: .seconds(60))
    var block: [Float] = []
    while !isCounted(microphone.counters), MonotonicClock.now() < deadline { _ = microphone.next(into: &block, timeout: .milliseconds(100)) }
  }

  private func isCapturing(_ state: MicrophoneState) -> Bool {
    if case .capturing = state { true } else { false }
  }

  /// Stops this process for longer than the device's buffer lasts, from when it stands still on.
  private func sleepThroughTheBuffer() {
    var child = pid_t()
    let script = "until grep -q '^State:.T' /proc/\(getpid())/status; do usleep 10000; done; usleep 1200000; kill -CONT \(getpid())"
    let texts: [String] = ["/bin/sh", "-c", script]
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    guard unsafe posix_spawn(&child, "/bin/sh", nil, nil, arguments, environ) == 0 else { return }
    kill(getpid(), SIGSTOP)
    waitpid(child, nil, 0)
  }

  func checkAll(driver: String, instance: String) {
    let devices = (try? Microphone.devices()) ?? []
    check("the loopback is listed as a capture device", devices.contains { $0.name == "plughw:CARD=Loopback,DEV=1" } ? nil : "\(devices)")
    guard let microphone = try? Microphone(device: device) else { return check("open a microphone", "it can't be made") }
    let (samples, blocks) = listen(microphone, samples: 40_000)
    check("the microphone takes 16 kHz mono as it is", "\(microphone.state)".contains("16000") ? nil : "\(microphone.state)")
    let run = longestRun(in: samples)
    check("what was played is heard bit by bit", run >= 16_000 ? nil : "\(run) samples in a row of \(samples.count)")
    guard let first = blocks.first else { return }

    sleepThroughTheBuffer()
    readOn(microphone) { $0.lost > 0 }
    let later = listen(microphone, samples: 8000).blocks
    let counters = microphone.counters
    check("an overrun is counted", counters.overruns > 0 ? nil : "\(counters)")
    check("what an overrun lost is estimated", 8000...48_000 ~= counters.lost ? nil : "\(counters)")
    check("positions tell the time", differs(first, later.last))

    // The kernel's own rehearsal: everything sleeps for a second, except the processor.
    let settings = [("1", "/sys/module/suspend/parameters/pm_test_delay"), ("devices", "/sys/power/pm_test"), ("freeze", "/sys/power/state")]
    check("the machine sleeps", settings.compactMap { write(Array($0.0.utf8), to: $0.1) }.first)
    readOn(microphone) { $0.suspensions > 0 }
    let awake = listen(microphone, samples: 8000).blocks
    check("the suspension is counted", microphone.counters.suspensions == 1 ? nil : "\(microphone.counters)")
    check("positions tell the time after it", differs(first, awake.last))

    let folder = "/sys/bus/platform/drivers/\(driver)"
    check("the sound card is unplugged", write(Array(instance.utf8), to: "\(folder)/unbind"))
    check("the microphone says that it is gone", wait(microphone) { !isCapturing($0) })
    check("the sound card is plugged in again", write(Array(instance.utf8), to: "\(folder)/bind"))
    check("the microphone resumes by itself", wait(microphone, until: isCapturing))
    let back = listen(microphone, samples: 32_000)
    check("it hears again", longestRun(in: back.samples) >= 4000 ? nil : "\(longestRun(in: back.samples)) samples in a row")
    check("positions tell the time of before", differs(first, back.blocks.last))
    let end = microphone.counters
    check("the failure and the resumption are counted", end.failures == 1 && end.resumptions == 1 ? nil : "\(end)")
    say("     the microphone: \(end)")
    checkSharing(with: microphone)
  }

  /// A second reader of the same device waits until the first is done.
  private func checkSharing(with microphone: Microphone) {
    guard let second = try? Microphone(device: "\(device),SUBDEV=0") else { return check("open a second microphone", "it can't be made") }
    check("a second reader is told that the device is in use", wait(second) { "\($0)".contains("used by another program") })
    microphone.stop()
    check("the microphone ends in order", wait(microphone) { $0 == .ended })
    check("then the second has it", wait(second, until: isCapturing) ?? (listen(second, samples: 1600).samples.isEmpty ? "but hears nothing" : nil))
  }

  /// How far the count of samples and the clock are apart: not more than wake-ups jitter on an emulated machine.
  private func differs(_ first: SoundBlock, _ last: SoundBlock?) -> String? {
    guard let last else { return "nothing was heard" }
    let seconds = Double(last.position - first.position) / 16_000 - first.capturedAt.duration(to: last.capturedAt) / .seconds(1)
    return abs(seconds) < 0.2 ? nil : "they are \(seconds) s apart"
  }

  /// A device that has nothing but what is played into it now.
  func checkFormat(_ expected: String) {
    guard let microphone = try? Microphone(device: device) else { return check("open a microphone", "it can't be made") }
    let (samples, blocks) = listen(microphone, samples: 16_000)
    let state = microphone.state
    guard case .capturing(let format) = state else { return check("the microphone captures", "\(state)") }
    check("the microphone takes \(expected)", format.description == expected ? nil : "it took \(format)")
    check("its sound arrives at 16 kHz", samples.contains { abs($0) > 0.01 } ? differs(blocks[0], blocks.last) : "it is silent")
  }
}
