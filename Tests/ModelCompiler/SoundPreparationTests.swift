import Foundation
import Hearing
@testable import ModelCompiler
import ModelManifest
import Testing

/// Sound files of a calibration set as a model's input.
struct SoundPreparationTests {
  private let sound = {
    var sound = SoundInput(tensor: "mel", sampleRate: 8000, features: .logMel)
    (sound.window, sound.hop, sound.transform, sound.bands, sound.highestFrequency, sound.logOffset) = (256, 128, 256, 8, 4000, 1e-6)
    return sound
  }()

  /// 16-bit samples that look random.
  private func samples(_ count: Int) -> [Int16] { SmallModel.numbers(count, seed: 5).map { Int16($0 * 20_000) } }

  private func features(of samples: [Int16], dimensions: [Int]) throws -> [Float] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-sound-\(UUID().uuidString).wav")
    defer { try? FileManager.default.removeItem(at: file) }
    func bytes(_ value: Int, _ count: Int) -> Data { Data((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }) }
    let data = samples.reduce(into: Data()) { $0 += bytes(Int($1), 2) }
    let header: [Data] = [
      Data("RIFF".utf8), bytes(36 + data.count, 4), Data("WAVEfmt ".utf8), bytes(16, 4), bytes(1, 2), bytes(1, 2), bytes(8000, 4), bytes(16000, 4), bytes(2, 2),
      bytes(16, 2), Data("data".utf8), bytes(data.count, 4),
    ]
    try (header.reduce(Data(), +) + data).write(to: file)
    return try SoundPreparation(sound, dimensions: dimensions).features(of: file.path)
  }

  @Test func `of a long sound the beginning is taken, a short one is repeated`() throws {
    let long = try features(of: samples(8000), dimensions: [1, 8, 20])
    #expect(long.count == 160)
    #expect(try features(of: samples(8000), dimensions: [1, 8, 20, 1]) == long)
    #expect(try features(of: Array(samples(8000).prefix(19 * 128)), dimensions: [1, 8, 20]) == long)
    let short = samples(1000)
    #expect(try features(of: short, dimensions: [1, 8, 20]) == features(of: short + short + short, dimensions: [1, 8, 20]))
    // What stands there is sound to the end.
    let last = try (0..<8).map { try features(of: short, dimensions: [1, 8, 20])[$0 * 20 + 19] }
    #expect(last.allSatisfy { $0 > -10 })
  }

  @Test func `an input that the recipe's features don't fit is refused`() {
    #expect(throws: CompilerError.self) { try SoundPreparation(sound, dimensions: [1, 20, 8]) }
    #expect(throws: CompilerError.self) { try SoundPreparation(sound, dimensions: [1, 8, 20, 2]) }
  }
}
