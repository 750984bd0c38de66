import CAllocationCounter
@testable import ObjectDetection
import Testing

/// Things on straight ways, and what a detector makes of them.
private struct Sequence {
  struct Thing {
    var label = 0
    var start: (x: Float, y: Float)
    var velocity: (x: Float, y: Float)
    var size: Float = 40
    /// Frames in which the detector doesn't see it, or only poorly.
    var hidden: Set<Int> = []
    var poor: Set<Int> = []
  }

  var things: [Thing]
  /// Pixels by which boxes tremble.
  var noise: Float = 2
  var random = SystemLikeRandom(seed: 3)

  /// Detections of a frame, best first, and of each the thing that it is.
  mutating func frame(_ number: Int) -> [(detection: Detection, thing: Int)] {
    var found: [(Detection, Int)] = []
    for (index, thing) in things.enumerated() where !thing.hidden.contains(number) {
      var tremble: Float { (Float(random.next() % 2001) / 1000 - 1) * noise }
      let (x, y) = (thing.start.x + thing.velocity.x * Float(number), thing.start.y + thing.velocity.y * Float(number))
      let box = Box(x: x + tremble, y: y + tremble, width: thing.size + tremble, height: thing.size + tremble)
      found.append((Detection(label: thing.label, score: thing.poor.contains(number) ? 0.2 : 0.8 + Float(index) / 1000, box: box), index))
    }
    return found.sorted { $0.0.score > $1.0.score }
  }

  /// Runs the tracker over so many frames.
  /// - Returns: of each thing the numbers that it had, in order and without repetitions.
  mutating func identities(_ frames: [Int], _ tracker: ObjectTracker = ObjectTracker(.init(goodScore: 0.5))) -> [[UInt64]] {
    var seen = [[UInt64]](repeating: [], count: things.count)
    for number in frames {
      let found = frame(number)
      tracker.update(found.map(\.detection), frame: UInt64(number + 1))
      for (at, one) in found.enumerated() where tracker.identities[at] != 0 && seen[one.thing].last != tracker.identities[at] {
        seen[one.thing].append(tracker.identities[at])
      }
    }
    return seen
  }
}

@Suite struct ObjectTrackerTests {
  @Test func `things keep their numbers`() {
    var sequence = Sequence(things: [
      .init(start: (0, 0), velocity: (5, 1)), .init(start: (600, 50), velocity: (-6, 0)), .init(start: (300, 300), velocity: (0, 0)),
    ])
    let seen = sequence.identities(Array(0..<60))
    #expect(seen.allSatisfy { $0.count == 1 } && Set(seen.joined()).count == 3, "\(seen)")
  }

  @Test func `what is hidden for a while is known again where it should be`() {
    var sequence = Sequence(things: [.init(start: (0, 100), velocity: (6, 0), hidden: Set(20..<35)), .init(start: (0, 300), velocity: (6, 0))])
    #expect(sequence.identities(Array(0..<60)).map(\.count) == [1, 1])
    // Longer than it is kept: it is a new thing.
    sequence.things[0].hidden = Set(20..<55)
    #expect(sequence.identities(Array(0..<80)).map(\.count) == [2, 1])
  }

  @Test func `things that cross don't change their numbers`() {
    // They pass each other with overlapping boxes; one is half hidden then, and scores poorly.
    var sequence = Sequence(things: [
      .init(start: (0, 100), velocity: (8, 0), poor: Set(22..<28)), .init(start: (400, 120), velocity: (-8, 0)),
    ])
    let seen = sequence.identities(Array(0..<50))
    #expect(seen.map(\.count) == [1, 1] && seen[0] != seen[1], "\(seen)")
  }

  @Test func `a poor score continues a track, and begins none`() {
    var sequence = Sequence(things: [.init(start: (0, 0), velocity: (3, 3), poor: Set(10..<40))])
    #expect(sequence.identities(Array(0..<50)).map(\.count) == [1])
    sequence.things[0].poor = Set(0..<50)
    #expect(sequence.identities(Array(0..<50)) == [[]])
  }

  @Test func `frames that nobody saw don't cost a thing its number`() {
    var sequence = Sequence(things: [.init(start: (0, 0), velocity: (4, 0)), .init(start: (0, 200), velocity: (4, 0))])
    let frames = Array(0..<20) + Array(stride(from: 20, to: 60, by: 4))
    #expect(sequence.identities(frames).map(\.count) == [1, 1])
  }

  @Test func `another class never continues a track`() {
    let tracker = ObjectTracker(.init(goodScore: 0.5))
    let box = Box(x: 10, y: 10, width: 50, height: 50)
    var numbers: [UInt64] = []
    for (frame, label) in [0, 0, 1, 1, 0].enumerated() {
      tracker.update([Detection(label: label, score: 0.9, box: box)], frame: UInt64(frame + 1))
      numbers.append(tracker.identities[0])
    }
    #expect(numbers == [1, 1, 2, 2, 1])
  }

  @Test func `what is seen once is forgotten, and a camera that begins anew gives new numbers`() {
    let tracker = ObjectTracker(.init(goodScore: 0.5))
    let one = Detection(label: 0, score: 0.9, box: Box(x: 10, y: 10, width: 50, height: 50))
    tracker.update([one], frame: 1)
    tracker.update([], frame: 2)
    tracker.update([one], frame: 3)
    #expect(tracker.identities == [2])
    tracker.update([one], frame: 4)
    tracker.update([one], frame: 1)
    #expect(tracker.identities == [3])
  }

  @Test func `there are never more tracks than the limit, and those in view stay`() {
    let tracker = ObjectTracker(.init(goodScore: 0.5))
    func row(_ count: Int, _ offset: Float) -> [Detection] {
      (0..<count).map { Detection(label: 0, score: 0.9, box: Box(x: Float($0) * 30, y: offset, width: 20, height: 20)) }
    }
    tracker.update(row(100, 0), frame: 1)
    tracker.update(row(100, 0), frame: 2)
    tracker.update(row(200, 500), frame: 3)
    #expect(tracker.tracks.count == ObjectTracker.trackLimit)
    #expect(tracker.identities.count { $0 != 0 } == ObjectTracker.trackLimit && tracker.droppedCount == 72)
    // More than can be looked at: the rest gets no number.
    tracker.update(row(600, 500), frame: 4)
    #expect(tracker.identities.count == ObjectTracker.detectionLimit)
    #expect(tracker.identities.count { $0 != 0 } == ObjectTracker.trackLimit)
  }

  @Test func `boxes that are no numbers do no harm`() {
    let tracker = ObjectTracker(.init(goodScore: 0.5))
    for frame in 1...5 {
      tracker.update(
        [
          Detection(label: 0, score: 0.9, box: Box(x: .nan, y: .infinity, width: 0, height: -1)),
          Detection(label: 0, score: .nan, box: Box(x: 0, y: 0, width: 9, height: 9)),
        ], frame: UInt64(frame))
      #expect(tracker.identities.count == 2 && tracker.identities[1] == 0)
    }
    #expect(tracker.tracks.count <= 2)
  }

  @Test func `a filter learns a steady velocity`() {
    var motion = BoxMotion(Box(x: 0, y: 0, width: 40, height: 40))
    for step in 1...30 {
      motion.advance(by: 1, keepsSize: false)
      motion.correct(to: Box(x: Float(step) * 5, y: Float(step) * -2, width: 40, height: 40))
    }
    #expect(abs(motion.velocity.x - 5) < 0.1 && abs(motion.velocity.y + 2) < 0.1)
    motion.advance(by: 10, keepsSize: true)
    #expect(abs(motion.box.x - 200) < 2 && abs(motion.box.y + 80) < 2 && abs(motion.box.width - 40) < 0.5)
  }

  @Test(.enabled(if: allocation_counter_works())) func `tracking allocates nothing`() {
    var sequence = Sequence(things: (0..<30).map { .init(start: (Float($0) * 50, 0), velocity: (1, Float($0))) })
    let frames = (0..<40).map { number in sequence.frame(number).map(\.detection) }
    // The first run makes what the language's runtime keeps of types.
    var counts: [UInt64] = []
    for _ in 0..<2 {
      let tracker = ObjectTracker(.init(goodScore: 0.5))
      let before = allocation_count()
      for number in 0..<frames.count { tracker.update(frames[number], frame: UInt64(number + 1)) }
      counts.append(allocation_count() - before)
    }
    #expect(counts[1] == 0)
  }
}
