import Pipelines

/// How fast a camera's frames follow one another, to know when it was away: some drivers count on as though nothing had been missed.
struct FrameRhythm {
  /// A gap is longer than so many of the usual intervals, beyond those of the frames that are known to be missing, and than this time: a camera that was away
  /// takes longer to come back, and the clock of a very fast one isn't that even.
  private static let intervals = 3.0, leastGap = Duration.milliseconds(200)

  private var last: (frame: UInt64, at: MonotonicInstant)?
  private var wasGap = false
  /// In nanoseconds.
  private var usual: Double?

  /// Takes a frame in.
  /// - Returns: false where the camera was away since the frame before, or began anew.
  mutating func goesOn(to frame: UInt64, at now: MonotonicInstant) -> Bool {
    defer { last = (frame, now) }
    guard let last else { return true }
    guard frame > last.frame, now >= last.at else {
      usual = nil
      return false
    }
    let (steps, passed) = (Double(frame - last.frame), Double(now.nanoseconds - last.at.nanoseconds))
    guard let usual else {
      self.usual = passed / steps
      return true
    }
    let (sample, isGap) = (passed / steps, passed > (steps - 1 + Self.intervals) * usual && passed > Double(Self.leastGap.wholeNanoseconds))
    // Two gaps one behind the other are another rate.
    let isOther = isGap && wasGap
    self.usual = isOther ? sample : usual + (min(sample, usual * 2) - usual) / (sample < usual ? 2 : 4)
    wasGap = isGap && !isOther
    return !isGap
  }
}
