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
  func only(closestTo moment: MonotonicInstant, within tolerance: Duration) -> PartSighting? {
    let reach = Int64(clamping: max(0, tolerance.wholeNanoseconds))
    var best: (part: PartSighting, distance: Int64)?
    for part in parts {
      guard let distance = Self.distance(of: part, from: moment) else { continue }
      if let known = best, known.distance <= distance { continue }
      best = (part, distance)
    }
    guard let best, best.distance <= reach else { return nil }
    for part in parts where part.number != best.part.number {
      guard let distance = Self.distance(of: part, from: moment) else { continue }
      if distance <= reach || distance - best.distance <= Self.doubt(of: part) + Self.doubt(of: best.part) { return nil }
    }
    return best.part
  }

  /// The one that passed closest to the moment, however far from it; nil where there is none of a known time.
  func closest(to moment: MonotonicInstant) -> PartSighting? {
    var best: (part: PartSighting, distance: Int64)?
    for part in parts {
      guard let distance = Self.distance(of: part, from: moment), distance < best?.distance ?? .max else { continue }
      best = (part, distance)
    }
    return best?.part
  }

  /// All that may have passed within `tolerance` of the moment, the clocks' uncertainty added, into an array with room for them.
  func all(near moment: MonotonicInstant, within tolerance: Duration, into found: inout [PartSighting]) {
    let reach = Int64(clamping: max(0, tolerance.wholeNanoseconds))
    found.removeAll(keepingCapacity: true)
    for part in parts {
      guard let distance = Self.distance(of: part, from: moment), distance <= reach + Self.doubt(of: part) else { continue }
      found.append(part)
    }
  }

  private static func distance(of part: PartSighting, from moment: MonotonicInstant) -> Int64? {
    part.at.map { Int64(clamping: $0.duration(to: moment).wholeNanoseconds.magnitude) }
  }

  /// At most a second: nobody takes parts whose time is known less well.
  private static func doubt(of part: PartSighting) -> Int64 { min(1_000_000_000, max(0, part.uncertainty?.wholeNanoseconds ?? 1_000_000_000)) }
}
