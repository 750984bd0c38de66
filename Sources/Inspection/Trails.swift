import ObjectDetection
import Pipelines

/// Where each tracked thing was last, so that it can be told what line it crossed.
struct Trails {
  private struct Trail {
    let identity: UInt64
    var point: FramePoint
    var at: MonotonicInstant
    var frame: UInt64
    /// Bits of the lines with a direction that it has crossed: a box that trembles on one counts once.
    var crossed: UInt32 = 0
  }

  private var trails: [Trail] = []
  /// Of each line, since the start.
  private(set) var counts: [UInt64]

  init(lineCount: Int) {
    trails.reserveCapacity(ObjectTracker.trackLimit)
    counts = Array(repeating: 0, count: lineCount)
  }

  mutating func forget() { trails.removeAll(keepingCapacity: true) }

  /// Takes a thing's new place.
  /// - Returns: the lines that it crossed, and when it crossed the line `marked`.
  mutating func move(
    _ identity: UInt64, to point: FramePoint, at now: MonotonicInstant, frame: UInt64, _ lines: [CountLine], marked: Int
  ) -> (lines: UInt32, at: MonotonicInstant?) {
    guard let at = position(of: identity, frame) else { return (0, nil) }
    if trails[at].frame == frame {
      trails[at] = Trail(identity: identity, point: point, at: now, frame: frame)
      return (0, nil)
    }
    var (crossed, moment): (UInt32, MonotonicInstant?) = (0, nil)
    for line in 0..<lines.count {
      let bit = UInt32(1) << UInt32(line)
      guard trails[at].crossed & bit == 0, let share = lines[line].crossing(from: trails[at].point, to: point) else { continue }
      crossed |= bit
      counts[line] += 1
      if lines[line].direction != .both { trails[at].crossed |= bit }
      if line == marked {
        let passed = now.nanoseconds >= trails[at].at.nanoseconds ? now.nanoseconds - trails[at].at.nanoseconds : 0
        moment = MonotonicInstant(nanoseconds: trails[at].at.nanoseconds + UInt64(Double(passed) * Double(share)))
      }
    }
    (trails[at].point, trails[at].at, trails[at].frame) = (point, now, frame)
    return (crossed, moment)
  }

  /// Of a trail that is there, or of a new one, which has this frame; the one not seen for longest makes room.
  private mutating func position(of identity: UInt64, _ frame: UInt64) -> Int? {
    var oldest = 0
    for at in 0..<trails.count {
      if trails[at].identity == identity { return at }
      if trails[at].frame < trails[oldest].frame { oldest = at }
    }
    let new = Trail(identity: identity, point: FramePoint(x: 0, y: 0), at: MonotonicInstant(nanoseconds: 0), frame: frame)
    guard trails.count == ObjectTracker.trackLimit else {
      trails.append(new)
      return trails.count - 1
    }
    guard trails[oldest].frame < frame else { return nil }
    trails[oldest] = new
    return oldest
  }
}
