import CPUExecution
import Foundation
import ModelManifest
import SharedData
import Testing
import Transcription

@testable import swiftlet

/// The repository's own package of spoken digits and commands (Calibration/spoken-commands, docs/speech.md).
@Suite struct SpokenCommandsTests {
  private static func classifier() throws -> SoundClassifier<CPUBackend> {
    let package = try ModelPackage(contentsOf: "\(RecipePackages.root)/Examples/spoken-commands/spoken-commands.swiftlet")
    return try SoundClassifier(package, options: CPUOptions(threads: 1))
  }

  private static func written(_ path: String, by classifier: SoundClassifier<CPUBackend>) throws -> String {
    try classifier.transcript(of: WholeSound.samples(of: path, sampleRate: classifier.sampleRate), from: .zero).text
  }

  @Test(arguments: [("spoken_stop", "stop"), ("spoken_seven", "seven"), ("spoken_window", "")])
  func `a synthesiser's word is written, and a word that is none of the model's is not`(clip: String, text: String) throws {
    let path = try #require(Bundle.module.url(forResource: "Golden/\(clip)", withExtension: "wav")).path
    #expect(try Self.written(path, by: Self.classifier()) == text)
  }

  @Test func `where nobody speaks nothing is written`() throws {
    let classifier = try Self.classifier()
    var generator = SeededGenerator(seed: 5)
    for level: Float in [0, 1e-4, 0.01, 0.3] {
      let noise = (0..<24_000).map { _ in level * Float.random(in: -1...1, using: &generator) }
      #expect(try classifier.transcript(of: noise, from: .zero).text.isEmpty, "noise of \(level)")
    }
    let hum = (0..<24_000).map { index -> Float in
      let turn = 2 * Double.pi * Double(index) / 16_000
      return Float(0.2 * sin(50 * turn) + 0.05 * sin(150 * turn))
    }
    #expect(try classifier.transcript(of: hum, from: .zero).text.isEmpty)
    let knock = (0..<24_000).map { index -> Float in
      let fallen = exp(-Double(abs(index - 9000)) / 300)
      return Float(fallen) * Float.random(in: -0.5...0.5, using: &generator)
    }
    #expect(try classifier.transcript(of: knock, from: .zero).text.isEmpty)
  }

  /// Recordings of people by which nothing was trained or chosen. docs/speech.md says 15, 25 and 21; sums of floats differ a little between processors,
  /// and some clips lie near the threshold.
  @Test(.enabled(if: Shared.isPresent)) func `people's words are understood as often as is said, and their letters taken for words no oftener`() throws {
    let classifier = try Self.classifier()
    let labels = classifier.manifest.labels
    let spoken = try SpokenDataset(path: "\(Shared.root!)/data/speech").clips.filter { labels.contains($0.said) }
    try #require(spoken.count == 15)
    let commands = try spoken.filter { try Self.written($0.path, by: classifier) == $0.said }.count
    let tokens = "\(Shared.root!)/data/spoken_tokens"
    var (digits, digitClips, letters, letterClips) = (0, 0, 0, 0)
    for name in try FileManager.default.contentsOfDirectory(atPath: tokens).sorted() {
      for clip in try FileManager.default.contentsOfDirectory(atPath: "\(tokens)/\(name)").sorted() {
        let text = try Self.written("\(tokens)/\(name)/\(clip)", by: classifier)
        if labels.contains(name) { (digits, digitClips) = (digits + (text == name ? 1 : 0), digitClips + 1) }
        if !labels.contains(name) { (letters, letterClips) = (letters + (text.isEmpty ? 0 : 1), letterClips + 1) }
      }
    }
    #expect(commands >= 14, "\(commands) of 15 commands")
    #expect(digits >= 24, "\(digits) of \(digitClips) digits")
    #expect(letters <= 23, "\(letters) of \(letterClips) letters")
  }
}
