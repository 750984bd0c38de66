/// What a microphone is doing.
public enum MicrophoneState: Sendable, Equatable {
  /// Not opened yet.
  case starting
  case capturing(SoundStreamFormat)
  /// No sound for now; the reason says why and what it waits for. It resumes by itself.
  case waiting(String)
  case ended
}

/// What a device gives.
public struct SoundStreamFormat: Sendable, Equatable, CustomStringConvertible {
  public var sampleFormat: SampleFormat
  /// Frames a second.
  public var sampleRate: Int
  public var channelCount: Int
  /// Frames from one wake-up to the next.
  public var period: Int
  /// Frames that the device keeps for a reader that is late.
  public var buffer: Int

  public init(sampleFormat: SampleFormat, sampleRate: Int, channelCount: Int, period: Int, buffer: Int) {
    self.sampleFormat = sampleFormat
    self.sampleRate = sampleRate
    self.channelCount = channelCount
    self.period = period
    self.buffer = buffer
  }

  public var description: String { "\(sampleFormat.rawValue), \(sampleRate) Hz, \(channelCount) channel\(channelCount == 1 ? "" : "s")" }
}

/// What a microphone delivered and what it lost, since it was made. Samples are those that its reader gets.
public struct MicrophoneCounters: Sendable, Equatable {
  /// Samples that went into the ring.
  public var delivered: UInt64 = 0
  /// Samples that found the ring full: the reader was too slow.
  public var dropped: UInt64 = 0
  /// Samples that the device never gave, by the clock: overruns, suspensions, absences.
  public var lost: UInt64 = 0
  /// Samples that were no number, and became silence.
  public var unusable: UInt64 = 0
  /// How often the device ran over, as nobody fetched its sound in time.
  public var overruns: UInt64 = 0
  /// How often the machine or the device slept.
  public var suspensions: UInt64 = 0
  /// How often the device went away or failed.
  public var failures: UInt64 = 0
  /// How often a device that was lost was opened again.
  public var resumptions: UInt64 = 0

  public init() {}
}
