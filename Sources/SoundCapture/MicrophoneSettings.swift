/// How a microphone is to be run.
public struct MicrophoneSettings: Sendable, Equatable {
  /// Samples a second that a reader can get.
  public static let sampleRates = 1000...192_000

  /// Samples a second that the reader gets; 1,000 to 192,000. 16,000 unless set: what speech models take.
  public var sampleRate: Int
  /// Milliseconds of a block, 5 to 1,000. 20 unless set.
  public var blockMilliseconds: Int
  /// Seconds of sound that wait for a slow reader before some is dropped, 1 to 600. 30 unless set, which are 2 MB at 16 kHz.
  public var capacitySeconds: Int

  public init(sampleRate: Int = 16_000, blockMilliseconds: Int = 20, capacitySeconds: Int = 30) {
    self.sampleRate = sampleRate
    self.blockMilliseconds = blockMilliseconds
    self.capacitySeconds = capacitySeconds
  }

  /// Samples.
  var blockLength: Int { sampleRate * blockMilliseconds / 1000 }
  var blockCount: Int { max(2, capacitySeconds * 1000 / blockMilliseconds) }

  func validate() throws(SoundCaptureError) {
    guard Self.sampleRates ~= sampleRate, 5...1000 ~= blockMilliseconds, 1...600 ~= capacitySeconds else {
      throw SoundCaptureError(
        .badSetting,
        "a microphone's rate is 1000 to 192000 (not \(sampleRate)), its blocks 5 to 1000 ms (not \(blockMilliseconds)), its capacity 1 to 600 s (not "
          + "\(capacitySeconds))")
    }
  }
}
