import ObjectDetection
import Pipelines

/// The regions by which parts come and go, where these are no lines; each lets a thing in once.
struct Doors {
  var entry: Region?
  var exit: Region?
  /// In so many frames since nothing was known, what is seen for the first time may have been there before: it may have been missed in some of them.
  var earlyFrames = 1

  /// Among a thing's crossings, beside the lines': it is in the entry's region for the first time, or the exit's; and it wasn't anywhere before.
  static let entered: UInt32 = 1 << 29, left: UInt32 = 1 << 30, appeared: UInt32 = 1 << 31

  var isEmpty: Bool { entry == nil && exit == nil }
}

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
  /// Since nothing was known.
  private var frameCount = 0
  /// Of each line, since the start.
  private(set) var counts: [UInt64]

  init(lineCount: Int) {
    trails.reserveCapacity(ObjectTracker.trackLimit)
    counts = Array(repeating: 0, count: lineCount)
  }

  mutating func forget() {
    trails.removeAll(keepingCapacity: true)
    frameCount = 0
  }

  /// A frame's things follow.
  mutating func beginFrame() { frameCount = min(frameCount + 1, 1 << 20) }

  /// Takes a thing's new place.
  /// - Returns: the lines that it crossed and the doors that it went through, and when it crossed the line `marked` or left.
  mutating func move(
    _ identity: UInt64, to point: FramePoint, at now: MonotonicInstant, frame: UInt64, _ lines: [CountLine], marked: Int, _ doors: borrowing Doors = Doors()
  ) -> (lines: UInt32, at: MonotonicInstant?) {
    guard let at = position(of: identity, frame) else { return (0, nil) }
    if trails[at].frame == frame {
      trails[at] = Trail(identity: identity, point: point, at: now, frame: frame)
      return appear(at, point, now, doors)
    }
    var (crossed, moment): (UInt32, MonotonicInstant?) = (0, nil)
    for line in 0..<lines.count {
      let bit = UInt32(1) << UInt32(line)
      guard trails[at].crossed & bit == 0, let share = lines[line].crossing(from: trails[at].point, to: point) else { continue }
      crossed |= bit
      counts[line] += 1
      if lines[line].direction != .both { trails[at].crossed |= bit }
      if line == marked {
        moment = trails[at].at.towards(now, share: share)
      }
    }
    if let entry = doors.entry, trails[at].crossed & Doors.entered == 0, entry.contains(point) { crossed |= Doors.entered }
    if let exit = doors.exit, trails[at].crossed & Doors.left == 0, exit.contains(point) {
      crossed |= Doors.left
      moment = trails[at].at.towards(now, share: exit.entering(from: trails[at].point, to: point))
    }
    trails[at].crossed |= crossed & (Doors.entered | Doors.left)
    (trails[at].point, trails[at].at, trails[at].frame) = (point, now, frame)
    return (crossed, moment)
  }

  /// A thing that wasn't seen before: early it may have been there for long, and goes through no door.
  private mutating func appear(
    _ at: Int, _ point: FramePoint, _ now: MonotonicInstant, _ doors: borrowing Doors
  ) -> (lines: UInt32, at: MonotonicInstant?) {
    var (crossed, moment): (UInt32, MonotonicInstant?) = (0, nil)
    if let entry = doors.entry, entry.contains(point) {
      trails[at].crossed |= Doors.entered
      if frameCount > doors.earlyFrames { crossed |= Doors.entered | Doors.appeared }
    }
    if let exit = doors.exit, exit.contains(point) {
      trails[at].crossed |= Doors.left
      if frameCount > doors.earlyFrames { (crossed, moment) = (crossed | Doors.left, now) }
    }
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

extension MonotonicInstant {
  /// A moment on the way to a later one.
  fileprivate func towards(_ end: MonotonicInstant, share: Float) -> MonotonicInstant {
    let passed = end.nanoseconds >= nanoseconds ? end.nanoseconds - nanoseconds : 0
    return MonotonicInstant(nanoseconds: nanoseconds + UInt64(Double(passed) * Double(share)))
  }
}
