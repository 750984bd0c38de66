import Pipelines
import SoundResampling

/// One unbroken run of a device's frames on its way to mono samples of the wanted rate.
@safe final class SoundIntake {
  let format: SoundStreamFormat
  /// Frames that are read at once.
  let chunk: Int
  /// Where the device's frames go.
  let memory: UnsafeMutableRawPointer
  private let mono: UnsafeMutableBufferPointer<Float>
  private let resampled: UnsafeMutableBufferPointer<Float>
  private var resampler: Resampler?
  private let outputRate: Int
  private let assembly: BlockAssembly
  private let status: MicrophoneStatus
  private var framesTaken = 0
  private var samplesMade = 0

  private static let longestChunk = 16_384

  init(format: SoundStreamFormat, outputRate: Int, assembly: BlockAssembly, status: MicrophoneStatus) throws(SoundResamplingError) {
    if format.sampleRate != outputRate { resampler = try Resampler(from: format.sampleRate, to: outputRate) }
    self.format = format
    self.outputRate = outputRate
    self.assembly = assembly
    self.status = status
    chunk = min(format.period, Self.longestChunk)
    let byteCount = chunk * format.channelCount * format.sampleFormat.byteCount
    unsafe memory = .allocate(byteCount: byteCount, alignment: 16)
    // There are devices that deliver without writing.
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    unsafe mono = .allocate(capacity: chunk)
    unsafe mono.initialize(repeating: 0)
    unsafe resampled = .allocate(capacity: chunk * outputRate / format.sampleRate + 64)
    unsafe resampled.initialize(repeating: 0)
  }

  deinit {
    unsafe memory.deallocate()
    unsafe mono.deallocate()
    unsafe resampled.deallocate()
  }

  /// How long so many frames are.
  func duration(of frames: Int) -> Duration { .nanoseconds(frames * 1_000_000_000 / format.sampleRate) }

  /// Takes the frames that stand in `memory`.
  /// - Parameter end: when the last of them was heard.
  /// - Returns: false where they can't be brought to the wanted rate; what then is missing is a gap.
  func take(_ frames: Int, heardUntil end: MonotonicInstant) -> Bool {
    let sound = unsafe UnsafeMutableBufferPointer(rebasing: mono[..<frames])
    let unusable = unsafe format.sampleFormat.mix(memory, channels: format.channelCount, into: sound)
    if unusable > 0 { status.count(\.unusable, by: unusable) }
    framesTaken += frames
    guard resampler != nil else {
      unsafe deliver(UnsafeBufferPointer(sound), heardUntil: end)
      return true
    }
    var rest = UnsafeBufferPointer(sound)
    while let step = unsafe resampler!.convert(rest, into: resampled) {
      unsafe deliver(UnsafeBufferPointer(rebasing: resampled[..<step.made]), heardUntil: end)
      unsafe rest = UnsafeBufferPointer(rebasing: rest[step.taken...])
      if unsafe rest.isEmpty && step.made < resampled.count { return true }
    }
    return false
  }

  /// The run is over: what the resampler still holds comes out.
  func finish(heardUntil end: MonotonicInstant) {
    while resampler != nil, let step = unsafe resampler!.convert(nil, into: resampled) {
      unsafe deliver(UnsafeBufferPointer(rebasing: resampled[..<step.made]), heardUntil: end)
      if unsafe step.made < resampled.count { break }
    }
    assembly.flush()
  }

  private func deliver(_ samples: UnsafeBufferPointer<Float>, heardUntil end: MonotonicInstant) {
    // A resampler holds some back: the first of these may be older than the frames that came last.
    let age = Double(framesTaken) / Double(format.sampleRate) - Double(samplesMade) / Double(outputRate)
    samplesMade += samples.count
    unsafe assembly.add(samples, capturedAt: end.advanced(by: .nanoseconds(Int64((-age * 1e9).rounded()))))
  }
}
