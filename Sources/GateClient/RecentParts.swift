import Pipelines

/// The parts that passed the sensor last.
struct RecentParts {
  static let capacity = 64

  private var parts: [PartSighting] = []

  init() { parts.reserveCapacity(Self.capacity) }

  mutating func append(_ part: PartSighting) {
    if parts.count == Self.capacity { parts.removeFirst() }
    parts.append(part)
  }

  mutating func removeAll() { parts.removeAll(keepingCapacity: true) }

  /// The part that passed within `tolerance` of the moment; nil where that may have been another: where a second one did so, too, or is so near
  /// that the clocks' uncertainty may hide which was the closer.
  func only(closestTo moment: MonotonicInstant, within tolerance: Duration, uncertainty: Duration) -> PartSighting? {
    let reach = UInt64(max(0, tolerance.wholeNanoseconds))
    var best: (part: PartSighting, distance: UInt64)?
    var second = UInt64.max
    for part in parts {
      guard let at = part.at else { continue }
      let distance = at.duration(to: moment).wholeNanoseconds.magnitude
      if let known = best, known.distance <= distance {
        second = min(second, distance)
      } else {
        second = min(second, best?.distance ?? .max)
        best = (part, distance)
      }
    }
    guard let best, best.distance <= reach, second > reach else { return nil }
    let doubt = 2 * UInt64(max(0, uncertainty.wholeNanoseconds))
    return second - best.distance > doubt ? best.part : nil
  }
}
