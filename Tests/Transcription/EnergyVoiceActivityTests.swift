import Testing

@testable import Transcription

@Suite struct EnergyVoiceActivityTests {
  /// Noise of a given amplitude, reproducible.
  private static func noise(seconds: Double, amplitude: Float, seed: UInt64 = 1) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    return (0..<Int(seconds * 16_000)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Float(state >> 40) / Float(1 << 23) - 1) * amplitude
    }
  }

  private static func probabilities(_ sound: [Float], _ detector: EnergyVoiceActivityDetector = EnergyVoiceActivityDetector()) -> [Float] {
    stride(from: 0, through: sound.count - detector.chunkLength, by: detector.chunkLength).map {
      detector.probability(of: sound[$0..<$0 + detector.chunkLength])
    }
  }

  @Test(arguments: [Float(0), 1e-5, 1e-3, 0.1, 0.9])
  func `steady noise of any loudness is no speech`(amplitude: Float) {
    let found = Self.probabilities(Self.noise(seconds: 5, amplitude: amplitude))
    #expect(found.allSatisfy { $0 < 0.35 }, "\(found.max() ?? 0)")
  }

  @Test func `what stands well above the noise is speech, and silence afterwards is none`() {
    let quiet = Self.noise(seconds: 2, amplitude: 0.003)
    let found = Self.probabilities(quiet + Self.noise(seconds: 2, amplitude: 0.05, seed: 2) + quiet)
    #expect(found[..<62].allSatisfy { $0 < 0.35 } && found[63..<124].allSatisfy { $0 > 0.9 } && found[126...].allSatisfy { $0 < 0.35 })
  }

  @Test func `the floor follows a fan that is switched on`() {
    let found = Self.probabilities(Self.noise(seconds: 2, amplitude: 0.003) + Self.noise(seconds: 8, amplitude: 0.05, seed: 2))
    #expect(found[64] > 0.9 && found.suffix(100).allSatisfy { $0 < 0.35 })
  }

  @Test func `a room's noise behind digital silence is no speech`() {
    let zeros = [Float](repeating: 0, count: 32_000)
    let found = Self.probabilities(zeros + Self.noise(seconds: 2, amplitude: 0.01) + zeros + Self.noise(seconds: 2, amplitude: 0.01))
    #expect(found.allSatisfy { $0 < 0.35 }, "\(found.max() ?? 0)")
  }

  @Test func `rumble and samples that are no numbers are no speech`() {
    // 25 Hz, a triangle.
    let rumble = (0..<32_000).map { position -> Float in
      let phase = position % 640
      return 0.3 * Float(phase < 320 ? phase : 640 - phase) / 320
    }
    #expect(Self.probabilities(Self.noise(seconds: 1, amplitude: 0.01) + rumble).allSatisfy { $0 < 0.5 })
    let detector = EnergyVoiceActivityDetector()
    #expect(Self.probabilities([Float](repeating: .nan, count: 1024), detector) == [0, 0])
    #expect(Self.probabilities(Self.noise(seconds: 1, amplitude: 0.01), detector).allSatisfy { $0 < 0.35 })
  }
}
