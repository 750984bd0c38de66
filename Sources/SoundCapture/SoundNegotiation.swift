/// Chooses among what a device offers what costs least to bring to a mono stream of a wanted rate.
struct SoundNegotiation: Sendable {
  /// Frames are fetched so often in a second; the device keeps half a second for a reader that is late.
  static let wakeUpsPerSecond = 50
  static let buffersPerSecond = 2

  /// Whole numbers are cheap, and 16 bits are more than a room's quiet; the rest follows by how common it is.
  static let allFormats: [SampleFormat] = [.s16, .s32, .float32, .s24InThreeBytes, .s24, .u8]

  /// What may be chosen, best first.
  var formats = SoundNegotiation.allFormats
  /// Nil for those that cost least for the wanted rate.
  var rates: [Int]?
  /// Where the device can't, the fewest that it has.
  var channels = 1

  enum Failure: Error, Equatable {
    case system(SoundFailure)
    /// The device offers none of the formats.
    case format
    /// What it came to is nothing that a microphone has.
    case outOfBounds(rate: Int, channels: Int, period: Int)
  }

  /// Rates to ask for, best first: the wanted one, then those that it divides, then the other usual ones above it.
  static func rates(for wanted: Int) -> [Int] {
    [wanted] + [3, 2, 6, 4, 12].map { wanted * $0 } + [48_000, 44_100, 96_000, 88_200].filter { $0 > wanted && $0 % wanted != 0 }
  }

  /// The device is then ready to start.
  func negotiate(with device: any SoundDevice, rate wanted: Int) throws(Failure) -> SoundStreamFormat {
    try Self.attempt { () throws(SoundFailure) in try device.beginNegotiation() }
    let rate = (rates ?? Self.rates(for: wanted)).first { device.narrow(rate: $0) } ?? device.narrow(nearestRate: wanted)
    let channels = device.narrow(channels: channels) ? channels : device.narrowToFewestChannels()
    guard let format = formats.first(where: { device.narrow(format: $0) }) else { throw .format }
    guard let rate, let channels, 1000...768_000 ~= rate, 1...64 ~= channels else {
      throw .outOfBounds(rate: rate ?? 0, channels: channels ?? 0, period: 0)
    }
    let sizes = try Self.attempt { () throws(SoundFailure) in
      try device.finishNegotiation(period: rate / Self.wakeUpsPerSecond, buffer: rate / Self.buffersPerSecond)
    }
    // A wait of more than ten seconds is no stream; nor is memory taken on a driver's word alone.
    guard 1...rate * 10 ~= sizes.period else { throw .outOfBounds(rate: rate, channels: channels, period: sizes.period) }
    return SoundStreamFormat(sampleFormat: format, sampleRate: rate, channelCount: channels, period: sizes.period, buffer: sizes.buffer)
  }

  private static func attempt<Result>(_ body: () throws(SoundFailure) -> Result) throws(Failure) -> Result {
    do throws(SoundFailure) { return try body() } catch { throw .system(error) }
  }
}
