import CPUExecution
import Foundation
import ModelManifest
import SharedData
import Testing
import Transcription

@testable import swiftlet

/// Spoken letters, digits and commands, by models that others trained (Tests/Conformance/spoken_tokens.py).
@Suite(.enabled(if: Shared.isPresent)) struct SoundClassifierTests {
  private struct Case: Decodable {
    let clip: String
    let label: Int
    let probability: Float
  }

  private static func classifier(_ model: String) throws -> SoundClassifier<CPUBackend> {
    try SoundClassifier(RecipePackages.package(model), options: CPUOptions(threads: 1))
  }

  @Test func `letters and digits read aloud are what ONNX Runtime takes them for`() throws {
    let golden = try #require(Bundle.module.url(forResource: "Golden/spoken_tokens", withExtension: "json"))
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: golden))
    try #require(cases.count == 110)
    let classifier = try Self.classifier("moonshine_spelling_cnn")
    var right = 0
    for expected in cases {
      let samples = try WholeSound.samples(of: "\(Shared.root!)/data/spoken_tokens/\(expected.clip)", sampleRate: 16_000)
      let best = try #require(try classifier.candidates(samples).first)
      #expect(best.label == expected.label && abs(best.probability - expected.probability) < 0.01, "\(expected.clip): \(best)")
      if classifier.manifest.labels[best.label] == expected.clip.split(separator: "/")[0] { right += 1 }
    }
    // The model's own figure on these clips.
    #expect(right >= 98, "\(right)")
  }

  @Test(arguments: ["kws_dscnn_fp32", "kws_dscnn_qdq"])
  func `spoken commands are written, each with its piece's times`(model: String) throws {
    let classifier = try Self.classifier(model)
    let clips = try SpokenDataset(path: "\(Shared.root!)/data/speech").clips.filter { classifier.manifest.labels.contains($0.said) }
    try #require(clips.count == 10)
    for clip in clips {
      let heard = try classifier.transcript(of: WholeSound.samples(of: clip.path, sampleRate: 16_000), from: .seconds(2))
      #expect(heard.text == clip.said, "\(clip.path): \(heard)")
      let word = try #require(heard.words?.first)
      #expect(word.start == .seconds(2) && word.end == .seconds(3) && (word.confidence ?? 0) > 0.9)
    }
  }

  @Test func `what is none of the words, or too unlikely, has no text`() throws {
    let classifier = try Self.classifier("kws_dscnn_fp32")
    #expect(try classifier.transcript(of: [Float](repeating: 0, count: 16_000), from: .zero) == Transcript(text: "", words: []))
    let stop = try WholeSound.samples(of: "\(Shared.root!)/data/speech/an4_train_an46-mmap-b.wav", sampleRate: 16_000)
    #expect(try classifier.transcript(of: stop, from: .zero).text == "stop")
    classifier.threshold = 1.1
    #expect(try classifier.transcript(of: stop, from: .zero).text.isEmpty)
    let all = try classifier.candidates(stop)
    #expect(
      all.count == 12 && abs(all.reduce(0) { $0 + $1.probability } - 1) < 1e-3 && zip(all, all.dropFirst()).allSatisfy { $0.probability >= $1.probability })
  }

  @Test func `a model that classifies no sound is named`() throws {
    let package = try ModelPackage(contentsOf: "\(RecipePackages.root)/Sources/CDemoModel/surface-defects.swiftlet")
    #expect { try SoundClassifier<CPUBackend>(package, options: CPUOptions(threads: 1)) } throws: {
      ($0 as? TranscriptionError)?.message.contains("doesn't say how it hears") == true
    }
  }
}
