import Pipelines

/// Makes blocks of one length from stretches of any, and keeps the count of samples since the beginning, those that never came included.
@safe final class BlockAssembly {
  private let sampleRate: Int
  private let ring: SoundRing
  private let status: MicrophoneStatus
  private let samples: UnsafeMutableBufferPointer<Float>
  private var filled = 0
  private var firstCapturedAt = MonotonicInstant(nanoseconds: 0)
  private var firstHeardAt = WallTime(microseconds: 0)
  /// Of the sample that comes next, behind those that are gathered.
  private(set) var position = 0

  init(settings: MicrophoneSettings, ring: SoundRing, status: MicrophoneStatus) {
    sampleRate = settings.sampleRate
    self.ring = ring
    self.status = status
    unsafe samples = .allocate(capacity: settings.blockLength)
    unsafe samples.initialize(repeating: 0)
  }

  deinit { unsafe samples.deallocate() }

  /// - Parameter capturedAt: when the first of them was heard.
  func add(_ sound: UnsafeBufferPointer<Float>, capturedAt: MonotonicInstant) {
    guard let start = sound.baseAddress else { return }
    var done = 0
    while done < sound.count {
      if filled == 0 {
        firstCapturedAt = capturedAt.advanced(by: .nanoseconds(done * 1_000_000_000 / sampleRate))
        firstHeardAt = MonotonicClock.wallTime(of: firstCapturedAt)
      }
      let step = unsafe min(sound.count - done, samples.count - filled)
      unsafe (samples.baseAddress! + filled).update(from: start + done, count: step)
      filled += step
      done += step
      position += step
      if unsafe filled == samples.count { flush() }
    }
  }

  /// Puts what is gathered into the ring, be it less than a block.
  func flush() {
    guard filled > 0 else { return }
    let block = SoundBlock(position: position - filled, count: filled, capturedAt: firstCapturedAt, heardAt: firstHeardAt)
    let isKept = unsafe ring.put(UnsafeBufferPointer(rebasing: samples[..<filled]), block)
    status.count(isKept ? \.delivered : \.dropped, by: filled)
    filled = 0
  }

  /// So many samples never came.
  func skip(_ count: Int) {
    flush()
    position += count
    status.count(\.lost, by: count)
  }
}
