import Foundation
import Hearing
import ModelManifest
import SharedData
import SoundFiles
import Testing

@Suite struct FeatureExtractorTests {
  /// Values of numpy's front ends on real clips; Tests/Conformance/speech_texts.py makes the file.
  private struct Case: Decodable {
    var kind: String
    var clip: String
    var count: Int
    var places: [Int]
    var values: [Float]
  }

  private func sound(_ path: String) throws -> [Float] {
    var reader = try SoundReader(path: path, sampleRate: 16_000)
    var (all, piece): ([Float], [Float]) = ([], [])
    while try reader.read(into: &piece) { all += piece }
    return all
  }

  private func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in Float.random(in: -0.3...0.3, using: &generator) * Float(1 + sin(Double(index) / 900)) }
  }

  @Test(.enabled(if: Shared.isPresent)) func `real clips have numpy's features`() throws {
    let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: folder.appendingPathComponent("features.json")))
    #expect(cases.count == 12)
    for golden in cases {
      var extractor = try FeatureExtractor(try #require(FrontEnds.all[golden.kind]))
      var features: [Float] = []
      let frames = extractor.extract(try sound("\(Shared.root!)/data/speech/\(golden.clip)"), into: &features)
      #expect(features.count == golden.count && frames * extractor.valuesPerFrame == golden.count, "\(golden.kind) \(golden.clip)")
      let difference = zip(golden.places, golden.values).map { abs(features[$0] - $1) }.max() ?? 1
      #expect(difference < 2e-4, "\(golden.kind) \(golden.clip): \(difference)")
    }
  }

  @Test(arguments: ["quartznet", "spelling", "keywords", "tinyVAD", "whisper", "whisperLarge"], [300, 1600, 4000])
  func `each front end equals its definition`(kind: String, count: Int) throws {
    var input = try #require(FrontEnds.all[kind])
    // The definition is slow.
    input.frames = min(input.frames, 12)
    var extractor = try FeatureExtractor(input)
    var features: [Float] = []
    let samples = noise(count)
    let frames = extractor.extract(samples, into: &features)
    let expected = SlowFeatures(input: input).values(samples)
    #expect(frames == expected.count && features.count == frames * extractor.valuesPerFrame)
    var difference = 0.0
    for (frame, values) in expected.enumerated() {
      for (band, value) in values.enumerated() {
        let position = input.axes == .framesBands ? frame * values.count + band : band * frames + frame
        difference = max(difference, abs(Double(features[position]) - value))
      }
    }
    #expect(difference < 1e-5)
  }

  @Test func `a set of other settings equals its definition too`() throws {
    var input = FrontEnds.quartznet
    (input.window, input.hop, input.transform, input.sampleRate, input.bands) = (101, 37, 128, 8000, 12)
    (input.highestFrequency, input.lowestFrequency, input.isCentred, input.axes) = (3900, 111, false, .framesBands)
    (input.normalisation, input.melScale, input.spectrum) = (.none, .htk, .magnitude)
    var extractor = try FeatureExtractor(input)
    var features: [Float] = []
    let samples = noise(1000)
    let frames = extractor.extract(samples, into: &features)
    let expected = SlowFeatures(input: input).values(samples).flatMap { $0 }
    #expect(frames == 25 && features.count == expected.count)
    #expect(zip(features, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
  }

  @Test func `silence around a sound equals its definition`() throws {
    var input = FrontEnds.whisper
    input.frames = 20
    var extractor = try FeatureExtractor(input)
    var features: [Float] = []
    let samples = [Float](repeating: 0, count: 1000) + noise(700)
    #expect(extractor.extract(samples, into: &features) == 20)
    let expected = SlowFeatures(input: input).values(samples).flatMap { $0 }
    #expect(features.count == expected.count && zip(features, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
  }

  @Test func `an utterance leaves nothing behind for the next`() throws {
    var extractor = try FeatureExtractor(FrontEnds.quartznet)
    var (first, again): ([Float], [Float]) = ([], [])
    _ = extractor.extract(noise(5000), into: &first)
    _ = extractor.extract(noise(9000, seed: 2), into: &again)
    _ = extractor.extract(noise(5000), into: &again)
    #expect(first == again)
  }

  @Test func `silence and single samples give finite values`() throws {
    for input in FrontEnds.all.values {
      var extractor = try FeatureExtractor(input)
      for count in [1, 2, 700] {
        var features: [Float] = []
        _ = extractor.extract([Float](repeating: 0, count: count), into: &features)
        #expect(features.allSatisfy { $0.isFinite }, "\(count)")
      }
    }
  }

  @Test func `the samples that frames need make those frames`() throws {
    for input in FrontEnds.all.values where input.frames == 0 {
      for isCentred in [true, false] {
        var input = input
        input.isCentred = isCentred
        let extractor = try FeatureExtractor(input)
        for frames in [1, 2, 16, 2048] {
          let samples = extractor.sampleCount(frameCount: frames)
          #expect(extractor.frameCount(sampleCount: samples) == frames)
          #expect(extractor.frameCount(sampleCount: samples - 1) == frames - 1)
        }
      }
    }
  }

  @Test func `descriptions that contradict themselves are refused`() {
    let changes: [(inout SoundInput) -> Void] = [
      { $0.features = .waveform }, { $0.transform = 518 }, { $0.transform = 501 }, { ($0.logFloor, $0.normalisation) = (-1, .decades) }, { $0.logFloor = 0.1 },
      { ($0.logOffset, $0.normalisation) = (0, .decades) }, { $0.window = 0 }, { $0.window = 513 }, { $0.hop = 0 },
      { $0.bands = 0 },
      { $0.lowestFrequency = 9000 }, { $0.highestFrequency = .nan },
      {
        $0.features = .mfcc; $0.coefficients = 65
      },
    ]
    for (index, change) in changes.enumerated() {
      var input = FrontEnds.quartznet
      change(&input)
      #expect(throws: HearingError.self, "\(index)") { try FeatureExtractor(input) }
    }
  }
}
