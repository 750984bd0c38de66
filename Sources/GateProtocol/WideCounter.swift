/// Makes 64 bits of a hardware counter of 32, which must be read at least once in its round. Microseconds in 32 bits would wrap around after
/// 71 minutes, milliseconds after 49 days; these take half a million years.
public struct WideCounter: Sendable {
  public private(set) var value: UInt64 = 0
  private var last: UInt32

  /// - Parameter reading: the counter's now, from which `value` counts.
  public init(startingAt reading: UInt32) { last = reading }

  /// What has been counted by the time of that reading.
  public mutating func update(_ reading: UInt32) -> UInt64 {
    value &+= UInt64(reading &- last)
    last = reading
    return value
  }
}

/// Microseconds from a hardware counter of a few ticks each, by 32-bit arithmetic alone.
public struct MicrosecondClock: Sendable {
  public private(set) var microseconds: UInt64 = 0
  private var last: UInt32
  private var rest: UInt32 = 0
  private let ticksEach: UInt32

  /// - Parameters:
  ///   - ticksEach: of the counter in a microsecond.
  ///   - reading: the counter's now.
  public init(ticksEach: UInt32, startingAt reading: UInt32) {
    self.ticksEach = ticksEach == 0 ? 1 : ticksEach
    last = reading
  }

  /// The time of that reading; at least once in the counter's round less one microsecond.
  public mutating func update(_ reading: UInt32) -> UInt64 {
    let passed = UInt32(truncatingIfNeeded: reading &- last)
    last = reading
    let whole = passed / ticksEach
    rest &+= passed &- whole &* ticksEach
    microseconds &+= UInt64(whole)
    if rest >= ticksEach {
      rest &-= ticksEach
      microseconds &+= 1
    }
    return microseconds
  }
}
