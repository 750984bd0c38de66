/// A box that may become a detection, in input pixels.
struct Candidate {
  var score: Float
  var label: Int32
  /// Where the head said it, so that equal scores have one order.
  var position: Int32
  var x1: Float
  var y1: Float
  var x2: Float
  var y2: Float

  /// Better ones first: higher scores, then earlier positions, then lower labels.
  @inline(__always)
  func isBetter(than other: Candidate) -> Bool {
    if score != other.score { return score > other.score }
    if position != other.position { return position < other.position }
    return label < other.label
  }

  @inline(__always)
  func overlaps(_ other: Candidate, above threshold: Float) -> Bool {
    let width = min(x2, other.x2) - max(x1, other.x1)
    let height = min(y2, other.y2) - max(y1, other.y1)
    guard width > 0, height > 0 else { return false }
    let common = width * height
    let union = (x2 - x1) * (y2 - y1) + (other.x2 - other.x1) * (other.y2 - other.y1) - common
    return common > threshold * union
  }
}

/// Candidates of one frame, bounded: when it is full the worst goes, and is counted. Memory is taken once.
struct CandidateBuffer {
  private(set) var candidates: [Candidate] = []
  let capacity: Int
  /// Candidates that found no room since `removeAll`.
  private(set) var droppedCount = 0
  /// Boxes with a number that is none, since `removeAll`.
  private(set) var nonFiniteCount = 0

  init(capacity: Int) {
    self.capacity = capacity
    candidates.reserveCapacity(capacity)
  }

  mutating func removeAll() {
    candidates.removeAll(keepingCapacity: true)
    (droppedCount, nonFiniteCount) = (0, 0)
  }

  mutating func append(_ candidate: Candidate) {
    guard candidates.count == capacity else {
      candidates.append(candidate)
      if candidates.count == capacity { makeHeap() }
      return
    }
    droppedCount += 1
    guard candidate.isBetter(than: candidates[0]) else { return }
    candidates[0] = candidate
    sink(0, count: capacity)
  }

  /// Adds a box, unless one of its numbers is none or it has no area. Scores above 1 are 1.
  @inline(__always)
  mutating func appendBox(score: Float, label: Int, position: Int, x1: Float, y1: Float, x2: Float, y2: Float) {
    guard x1.isFinite, y1.isFinite, x2.isFinite, y2.isFinite else {
      nonFiniteCount += 1
      return
    }
    guard x2 > x1, y2 > y1 else { return }
    append(Candidate(score: min(score, 1), label: Int32(label), position: Int32(truncatingIfNeeded: position), x1: x1, y1: y1, x2: x2, y2: y2))
  }

  /// Puts the best first. In place (a heap sort), since the standard library's sort takes memory.
  mutating func sort() {
    if candidates.count < capacity { makeHeap() }
    var count = candidates.count
    while count > 1 {
      count -= 1
      exchange(0, count)
      sink(0, count: count)
    }
  }

  /// Orders the array as a heap with the worst candidate at its root.
  private mutating func makeHeap() {
    var root = candidates.count / 2
    while root > 0 {
      root -= 1
      sink(root, count: candidates.count)
    }
  }

  /// `swapAt`, which allocates in debug builds.
  @inline(__always)
  private mutating func exchange(_ first: Int, _ second: Int) {
    let candidate = candidates[first]
    candidates[first] = candidates[second]
    candidates[second] = candidate
  }

  private mutating func sink(_ start: Int, count: Int) {
    var root = start
    while 2 * root + 1 < count {
      var child = 2 * root + 1
      if child + 1 < count, candidates[child].isBetter(than: candidates[child + 1]) { child += 1 }
      guard candidates[root].isBetter(than: candidates[child]) else { return }
      exchange(root, child)
      root = child
    }
  }
}
