import Hearing
import SharedData
import Testing

@Suite struct QuietCutterTests {
  /// Every piece of a sound that comes in parts of the given size.
  private func pieces(_ samples: [Float], greatestLength: Int, parts: Int) -> [[Float]] {
    var cutter = QuietCutter(greatestLength: greatestLength, sampleRate: 1000)
    var pieces: [[Float]] = []
    var first = 0
    while first < samples.count {
      cutter.add(Array(samples[first..<min(first + parts, samples.count)]))
      first += parts
      while let piece = cutter.nextPiece() { pieces.append(piece) }
    }
    if let piece = cutter.lastPiece() { pieces.append(piece) }
    return pieces
  }

  /// Noise of one second with a quiet stretch of 300 ms in each, numbered so that every sample is another.
  private func sound(seconds: Int) -> [Float] {
    var generator = SeededGenerator(seed: 3)
    return (0..<seconds * 1000).map { Float.random(in: 0.1...1, using: &generator) * (600..<900 ~= $0 % 1000 ? 0.01 : 1) }
  }

  @Test func `what fits stays whole`() {
    let samples = sound(seconds: 4)
    #expect(pieces(samples, greatestLength: 4000, parts: 300) == [samples])
    #expect(pieces([], greatestLength: 4000, parts: 300).isEmpty)
  }

  @Test(arguments: [1, 77, 1000, 40_000])
  func `long sound is cut within its pauses, and nothing is lost`(parts: Int) {
    let samples = sound(seconds: 20)
    let found = pieces(samples, greatestLength: 4000, parts: parts)
    #expect(found.flatMap { $0 } == samples)
    #expect(found.dropLast().allSatisfy { 2000...4000 ~= $0.count })
    var end = 0
    for piece in found.dropLast() {
      end += piece.count
      #expect(700...800 ~= end % 1000, "\(end)")
    }
    #expect(found == pieces(samples, greatestLength: 4000, parts: 500))
  }

  @Test func `silence is cut at the earliest place`() {
    let found = pieces([Float](repeating: 0, count: 9000), greatestLength: 4000, parts: 1000)
    #expect(found.map(\.count) == [2100, 2100, 2100, 2700])
  }
}
