import Hearing
import SharedData
import Testing

@Suite struct LiveCutterTests {
  private func noise(_ count: Int) -> [Float] {
    var generator = SeededGenerator(seed: 5)
    return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  /// All pieces of stretches that stand at the given positions.
  private func pieces(_ stretches: [(samples: [Float], position: Int)]) -> [SoundPiece] {
    var cutter = LiveCutter(greatestLength: 4000, sampleRate: 1000)
    var found: [SoundPiece] = []
    for stretch in stretches {
      cutter.add(stretch.samples, at: stretch.position)
      while let piece = cutter.nextPiece() { found.append(piece) }
    }
    while let piece = cutter.lastPiece() { found.append(piece) }
    return found
  }

  @Test func `sound without a gap is cut as a file's is, and each piece knows its place`() {
    let samples = noise(11_000)
    var quiet = QuietCutter(greatestLength: 4000, sampleRate: 1000)
    quiet.add(samples)
    var expected: [SoundPiece] = []
    var position = 0
    while let piece = quiet.nextPiece() ?? quiet.lastPiece() {
      expected.append(SoundPiece(samples: piece, position: position))
      position += piece.count
    }
    let blocks = stride(from: 0, to: 11_000, by: 20).map { (samples: Array(samples[$0..<$0 + 20]), position: $0) }
    #expect(expected.count > 2)
    #expect(pieces(blocks) == expected)
  }

  @Test func `a gap ends a piece`() {
    let samples = noise(3000)
    let found = pieces([(Array(samples[..<1000]), 0), (Array(samples[1000..<1500]), 1000), (Array(samples[1500...]), 9000)])
    #expect(found == [SoundPiece(samples: Array(samples[..<1500]), position: 0), SoundPiece(samples: Array(samples[1500...]), position: 9000)])
  }

  @Test func `a gap behind more than a piece loses nothing`() {
    let samples = noise(10_000)
    let found = pieces([(Array(samples[..<9000]), 500), (Array(samples[9000...]), 20_000)])
    #expect(found.flatMap(\.samples) == samples)
    #expect(found.first?.position == 500 && found.last == SoundPiece(samples: Array(samples[9000...]), position: 20_000))
    for (piece, next) in zip(found.dropLast(2), found.dropFirst().dropLast()) { #expect(piece.position + piece.samples.count == next.position) }
  }
}
