import Pipelines

/// When each sample of a sound was heard, by the wall clock as it stood when it came.
///
/// Remembered once in a second, and wherever samples are missing: across a gap positions tell the time only as well as the gap's length is known.
/// What lies further back than the longest utterance is forgotten.
struct CaptureTimes {
  private struct Mark {
    var position: Int
    var time: WallTime
  }

  /// Seconds.
  private static let memory = 120

  private let sampleRate: Int
  private var marks: [Mark] = []
  /// Of the sample that comes next.
  private var end = 0

  init(sampleRate: Int) { self.sampleRate = sampleRate }

  /// Moments that are remembered.
  var markCount: Int { marks.count }

  /// - Parameters:
  ///   - position: of the first of `count` samples.
  ///   - time: when that was heard.
  mutating func note(_ position: Int, count: Int, at time: WallTime) {
    if position != end || marks.last.map({ position - $0.position >= sampleRate }) ?? true { marks.append(Mark(position: position, time: time)) }
    end = position + count
    let forgotten = marks.dropLast().prefix { $0.position < position - Self.memory * sampleRate }.count
    if forgotten > 0 { marks.removeFirst(forgotten) }
  }

  /// - Parameter sinceStart: a place in the sound, as its length from the first sample on.
  func time(of sinceStart: Duration) -> WallTime {
    let position = sinceStart / .seconds(1) * Double(sampleRate)
    guard let mark = marks.last(where: { Double($0.position) <= position }) ?? marks.first else { return MonotonicClock.wallTime() }
    return WallTime(microseconds: mark.time.microseconds + Int64(((position - Double(mark.position)) / Double(sampleRate) * 1e6).rounded()))
  }
}
