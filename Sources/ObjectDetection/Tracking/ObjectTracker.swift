/// Gives the same thing the same number from frame to frame.
///
/// ByteTrack (Y. Zhang et al., "ByteTrack: Multi-object tracking by associating every detection box", ECCV 2022) over a Kalman filter: boxes
/// of a good score are given to the tracks whose predicted boxes they overlap most, all at once and optimally; then boxes of a poor score to the tracks that
/// found none, as a thing half hidden mostly still has one. Only boxes of a good score begin tracks. A track keeps its label: boxes of another never
/// continue it. All memory is taken when it is made; updating neither throws nor allocates. One thread at a time.
public final class ObjectTracker {
  public struct Settings: Equatable, Sendable {
    /// The least score of boxes that may begin a track.
    public var goodScore: Float
    /// The least score of boxes that may continue one.
    public var poorScore: Float = 0.1
    /// Frames of the camera for which a track that isn't seen is kept, 1 to 1000. In its second frame a new one must be seen, or it was none.
    public var keptFrames = 30
    /// Least overlap (intersection over union) of a box of good score with where its track should be, and of one of poor score.
    public var goodOverlap: Float = 0.2
    public var poorOverlap: Float = 0.5

    public init(goodScore: Float) { self.goodScore = goodScore }
  }

  /// Tracks at most, those that aren't seen included; for a new one the one that wasn't seen for longest goes.
  public static let trackLimit = 128
  /// Detections of a frame that are tracked; the best come first, and the rest get no number.
  public static let detectionLimit = 512

  struct Track {
    let identity: UInt64
    let label: Int
    var motion: BoxMotion
    var lastSeen: UInt64
    /// Whether it was seen twice.
    var isConfirmed = false
    /// The detection of this frame that continues it; -1 without one.
    var match = -1
  }

  public let settings: Settings
  /// Of each detection of the last frame the number of its track; 0 where it has none. Numbers begin at 1, or behind the one given at the start, and aren't used again.
  public private(set) var identities: [UInt64] = []
  /// Detections of good score so far that found no room for a track.
  public private(set) var droppedCount: UInt64 = 0
  private(set) var tracks: [Track] = []
  private var assignment: Assignment
  private var lastFrame: UInt64?
  /// The highest number given.
  public private(set) var lastIdentity: UInt64
  // Positions of tracks, and of detections, that take part in a stage.
  private var rows: [Int] = []
  private var columns: [Int] = []

  /// - Parameter lastIdentity: numbers go on behind it.
  public init(_ settings: Settings, after lastIdentity: UInt64 = 0) {
    (self.settings, self.lastIdentity) = (settings, lastIdentity)
    identities.reserveCapacity(Self.detectionLimit)
    tracks.reserveCapacity(Self.trackLimit)
    rows.reserveCapacity(Self.trackLimit)
    columns.reserveCapacity(Self.detectionLimit)
    assignment = Assignment(rowCapacity: Self.trackLimit, columnCapacity: Self.detectionLimit)
  }

  /// Forgets all tracks; numbers go on.
  public func forget() {
    tracks.removeAll(keepingCapacity: true)
    lastFrame = nil
  }

  /// Gives each detection its number, in `identities`.
  /// - Parameter frame: counted by the camera, so that frames which nobody saw count, too; one that isn't above the last means that it began anew.
  public func update(_ detections: [Detection], frame: UInt64) {
    let count = min(detections.count, Self.detectionLimit)
    identities.removeAll(keepingCapacity: true)
    for _ in 0..<count { identities.append(0) }
    if let lastFrame, frame <= lastFrame { forget() }
    let steps = lastFrame.map { min(frame - $0, 1000) } ?? 1
    lastFrame = frame
    for at in 0..<tracks.count {
      tracks[at].match = -1
      tracks[at].motion.advance(by: Float(steps), keepsSize: tracks[at].lastSeen + steps < frame)
    }
    associate(detections, count, frame, .confirmed, isGood: true, steps)
    associate(detections, count, frame, .seenLast, isGood: false, steps)
    associate(detections, count, frame, .new, isGood: true, steps)
    removeLost(at: frame)
    for at in 0..<count where identities[at] == 0 && isGood(detections[at]) { begin(detections[at], at, frame) }
  }

  private func isGood(_ detection: Detection) -> Bool { detection.score >= settings.goodScore }

  /// Which tracks look for a box in a stage.
  private enum Seekers {
    case confirmed, seenLast, new
  }

  private func associate(_ detections: [Detection], _ count: Int, _ frame: UInt64, _ seekers: Seekers, isGood wantsGood: Bool, _ steps: UInt64) {
    rows.removeAll(keepingCapacity: true)
    columns.removeAll(keepingCapacity: true)
    for at in 0..<tracks.count where tracks[at].match < 0 {
      let isWanted =
        switch seekers {
        case .confirmed: tracks[at].isConfirmed
        case .seenLast: tracks[at].isConfirmed && tracks[at].lastSeen + steps >= frame
        case .new: !tracks[at].isConfirmed
        }
      if isWanted { rows.append(at) }
    }
    guard !rows.isEmpty else { return }
    for at in 0..<count where identities[at] == 0 && isGood(detections[at]) == wantsGood && detections[at].score >= settings.poorScore { columns.append(at) }
    guard !columns.isEmpty else { return }
    let least = wantsGood ? settings.goodOverlap : settings.poorOverlap
    // Just above, so that the least overlap itself is enough.
    assignment.begin(rows: rows.count, columns: columns.count, limit: 1 - least + 1e-6)
    for row in 0..<rows.count {
      let box = tracks[rows[row]].motion.box
      for column in 0..<columns.count where detections[columns[column]].label == tracks[rows[row]].label {
        assignment.set(row: row, column: column, cost: 1 - box.intersectionOverUnion(detections[columns[column]].box))
      }
    }
    assignment.solve()
    for row in 0..<rows.count where assignment.columnOfRow[row] >= 0 {
      continueTrack(rows[row], with: detections, at: columns[assignment.columnOfRow[row]], frame)
    }
  }

  private func continueTrack(_ track: Int, with detections: [Detection], at index: Int, _ frame: UInt64) {
    tracks[track].motion.correct(to: detections[index].box)
    tracks[track].match = index
    tracks[track].lastSeen = frame
    tracks[track].isConfirmed = true
    identities[index] = tracks[track].identity
  }

  private func removeLost(at frame: UInt64) {
    var at = 0
    while at < tracks.count {
      let unseen = frame - tracks[at].lastSeen
      if tracks[at].match < 0, !tracks[at].isConfirmed || unseen > UInt64(max(1, settings.keptFrames)) {
        remove(at)
      } else {
        at += 1
      }
    }
  }

  /// The last takes its place.
  private func remove(_ at: Int) {
    tracks[at] = tracks[tracks.count - 1]
    tracks.removeLast()
  }

  private func begin(_ detection: Detection, _ index: Int, _ frame: UInt64) {
    if tracks.count == Self.trackLimit {
      guard let oldest = longestUnseen() else {
        droppedCount += 1
        return
      }
      remove(oldest)
    }
    lastIdentity += 1
    tracks.append(Track(identity: lastIdentity, label: detection.label, motion: BoxMotion(detection.box), lastSeen: frame, match: index))
    identities[index] = lastIdentity
  }

  private func longestUnseen() -> Int? {
    var oldest: Int?
    for at in 0..<tracks.count where tracks[at].match < 0 {
      if let known = oldest, tracks[known].lastSeen <= tracks[at].lastSeen { continue }
      oldest = at
    }
    return oldest
  }
}
