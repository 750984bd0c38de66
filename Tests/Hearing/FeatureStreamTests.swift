import Hearing
import ModelManifest
import SharedData
import Testing

@Suite struct FeatureStreamTests {
  private static let uncentred = {
    var input = FrontEnds.quartznet
    (input.isCentred, input.axes, input.window, input.hop, input.normalisation) = (false, .framesBands, 400, 500, .clip)
    return input
  }()

  private func noise(_ count: Int) -> [Float] {
    var generator = SeededGenerator(seed: 4)
    return (0..<count).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
  }

  /// Given in pieces of so many samples.
  private func add(_ samples: [Float], to stream: inout FeatureStream, by length: Int) {
    for start in stride(from: 0, to: samples.count, by: length) { stream.add(samples[start..<min(samples.count, start + length)]) }
  }

  @Test(arguments: [FrontEnds.quartznet, FrontEnds.whisper, uncentred], [(1, 1), (100, 7), (4001, 160), (16_000, 16_000), (20_003, 333)])
  func `within the horizon the features are those of the whole sound, to the bit`(input: SoundInput, sound: (count: Int, piece: Int)) throws {
    let samples = noise(sound.count)
    var extractor = try FeatureExtractor(input)
    var stream = try FeatureStream(input, horizon: 200)
    var expected: [Float] = []
    let frames = extractor.extract(samples, into: &expected)
    for _ in 0..<2 {
      stream.reset()
      add(samples, to: &stream, by: sound.piece)
      #expect(stream.sampleCount == sound.count && stream.frameCount <= frames)
      stream.end()
      try #require(stream.frameCount == frames)
      guard frames > 0 else { continue }
      var found: [Float] = []
      stream.newest(frames, into: &found)
      #expect(found == expected)
    }
  }

  @Test func `what is older than the horizon has no part in the newest frames`() throws {
    let samples = noise(80_000)
    var streams = try (0..<2).map { _ in try FeatureStream(FrontEnds.quartznet, horizon: 50) }
    // Another beginning, of as many frames, long ago.
    add(samples, to: &streams[0], by: 1000)
    add(samples[..<40_000].map { 3 * $0 } + samples[40_000...], to: &streams[1], by: 480)
    var found: [[Float]] = [[], []]
    for index in 0..<2 { streams[index].newest(20, into: &found[index]) }
    #expect(found[0] == found[1] && found[0].count == 20 * 64)
  }

  @Test func `what depends on the whole sound is refused`() {
    for kind in ["spelling", "keywords"] {
      let refused = #expect(throws: HearingError.self) { try FeatureStream(FrontEnds.all[kind]!, horizon: 10) }
      #expect(refused?.message.contains("can't be heard while it goes on") == true)
    }
  }
}
