import CPUExecution
import Foundation
import ModelManifest
import SharedData
import Testing
import Transcription

@testable import swiftlet

/// Detectors that others trained, against ONNX Runtime (Tests/Conformance/voice_activity.py).
@Suite(.enabled(if: Shared.isPresent)) struct VoiceActivityModelTests {
  struct Case: Decodable {
    let model: String
    let clip: String
    let probabilities: [Float]
  }

  static func detector(_ model: String) throws -> NeuralVoiceActivityDetector<CPUBackend> {
    try NeuralVoiceActivityDetector(RecipePackages.package(model), options: CPUOptions(threads: 1))
  }

  static func samples(_ clip: String) throws -> [Float] {
    try WholeSound.samples(of: "\(Shared.root!)/data/speech/\(clip)", sampleRate: 16_000)
  }

  private static func probabilities(_ samples: [Float], by detector: any VoiceActivityDetector) -> [Float] {
    stride(from: 0, through: samples.count - detector.chunkLength, by: detector.chunkLength).map {
      detector.probability(of: samples[$0..<$0 + detector.chunkLength])
    }
  }

  @Test(arguments: ["silero_vad", "silero_vad_16k_op15", "moonshine_tinyvad"])
  func `probabilities of speech are ONNX Runtime's, chunk by chunk`(model: String) throws {
    let golden = try #require(Bundle.module.url(forResource: "Golden/voice_activity", withExtension: "json"))
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: golden)).filter { $0.model == model }
    try #require(cases.count == 2)
    let detector = try Self.detector(model)
    for expected in cases {
      detector.reset()
      let found = Self.probabilities(try Self.samples(expected.clip), by: detector)
      try #require(found.count == expected.probabilities.count)
      let difference = zip(found, expected.probabilities).map { abs($0 - $1) }.max() ?? 1
      #expect(difference < 2e-3, "\(expected.clip): \(difference)")
    }
  }

  @Test func `samples that are no numbers spoil nothing that comes after them`() throws {
    let detector = try Self.detector("silero_vad")
    let sound = try Self.samples("an4_train_an46-mmap-b.wav")
    let clean = Self.probabilities(sound, by: detector)
    detector.reset()
    #expect(detector.probability(of: [Float](repeating: .nan, count: 512)[...]) == 0)
    #expect(Self.probabilities(sound, by: detector) == clean)
  }

  @Test func `a model that tells nothing of speech is named`() throws {
    let package = try RecipePackages.package("kws_dscnn_fp32")
    #expect { try NeuralVoiceActivityDetector<CPUBackend>(package, options: CPUOptions(threads: 1)) } throws: {
      ($0 as? TranscriptionError)?.message.contains("kws_dscnn_fp32.onnx: doesn't tell when somebody speaks") == true
    }
  }
}
