import CPUExecution
import Foundation
import ModelCompiler
import ModelManifest
import ONNX
import SharedData
import Testing

@testable import Transcription

/// A smallest CTC model of random weights, whose symbols see 60 ms on either side (Tests/Conformance/make_ctc_case.py): so with the least look-ahead
/// already it writes in windows what it writes of the whole sound.
@Suite struct WindowedSpeechModelTests {
  /// Compiled once.
  private static let compiled = Result {
    let folder = GoldenSpeech("ctc").folder
    var options = CompilationOptions()
    let recipe = try Recipe(contentsOf: "\(folder)/recipe.yaml")
    options.recipe = recipe
    let compilation = try OpenCompilation(ONNXModel(contentsOf: "\(folder)/model.onnx"), name: "ctc", options: options, shapes: recipe.shapes)
    return try compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }
  }

  private func package(_ normalisation: SoundInput.Normalisation = .none) throws -> ModelPackage {
    var model = try Self.compiled.get()
    model.manifest.sound?.normalisation = normalisation
    return try ModelPackage(model.file(), origin: "ctc.swiftlet")
  }

  private func windowed(_ lookAhead: Duration, _ normalisation: SoundInput.Normalisation = .none) throws -> WindowedSpeechModel<CPUBackend> {
    let speech = try SpeechRecognition.recogniser(
      package(normalisation), on: CPUBackend.self, options: CPUOptions(threads: 1), window: HearingWindow(lookAhead: lookAhead))
    return try #require(speech as? WindowedSpeechModel<CPUBackend>)
  }

  private func whole(_ normalisation: SoundInput.Normalisation = .none) throws -> SpeechModel<CPUBackend> {
    try SpeechModel(package(normalisation), options: CPUOptions(threads: 1))
  }

  /// Noise whose loudness changes every 50 ms.
  private func sound(_ count: Int) -> [Float] {
    var generator = SeededGenerator(seed: 11)
    var level: Float = 0
    return (0..<count).map { index in
      if index % 800 == 0 { level = Float.random(in: 0...0.5, using: &generator) * Float.random(in: 0...1, using: &generator) }
      return level * Float.random(in: -1...1, using: &generator)
    }
  }

  @Test(arguments: [200, 330, 1000], [90_000, 63_211])
  func `where no symbol sees beyond a window's edges, the words are those of the whole sound`(milliseconds: Int, count: Int) throws {
    let samples = sound(count)
    let expected = try whole().transcript(of: samples, from: .seconds(3))
    let found = try windowed(.milliseconds(milliseconds)).transcript(of: samples, from: .seconds(3))
    // Enough of them that something is shown.
    #expect(try #require(expected.words).count > 20 && Set(expected.text).count == 4)
    #expect(found.text == expected.text)
    let (words, expectedWords) = (try #require(found.words), try #require(expected.words))
    #expect(words.map(\.start) == expectedWords.map(\.start) && words.map(\.end) == expectedWords.map(\.end))
    #expect(zip(words, expectedWords).allSatisfy { abs(($0.confidence ?? 0) - ($1.confidence ?? 0)) < 1e-4 })
  }

  @Test func `the text doesn't depend on the pieces in which the sound comes, is known in time, and doesn't change`() throws {
    let samples = sound(70_000)
    let speech = try windowed(.milliseconds(400), .band)
    let expected = try speech.transcript(of: samples, from: .zero)
    for length in [77, 160, 1600, 50_000] {
      speech.begin(at: .zero)
      var told: [TimedWord] = []
      for start in stride(from: 0, to: samples.count, by: length) {
        let end = min(samples.count, start + length)
        try speech.add(samples[start..<end])
        told += speech.takeWords()
        #expect(told == Array(expected.words!.prefix(told.count)))
        // A window's step, its look-ahead, and the rest of a frame of features and of symbols.
        let behind = Duration.seconds(end) / 16_000 - speech.heardUntil
        #expect(behind <= .milliseconds(640) && (behind >= .milliseconds(380) || end < 9600))
      }
      try speech.end()
      told += speech.takeWords()
      #expect(told == expected.words)
    }
  }

  @Test(arguments: [1, 700, 9000]) func `sound within the first window is heard as a whole`(count: Int) throws {
    let samples = sound(count)
    #expect(try windowed(.milliseconds(400), .band).transcript(of: samples, from: .zero) == whole(.band).transcript(of: samples, from: .zero))
  }

  @Test func `no sound has no words, and nothing is left of the sound before`() throws {
    let speech = try windowed(.milliseconds(400))
    let samples = sound(40_000)
    let first = try speech.transcript(of: samples, from: .zero)
    #expect(try speech.transcript(of: [], from: .zero).text.isEmpty)
    #expect(try speech.transcript(of: samples, from: .zero) == first)
  }

  @Test func `sound longer than the model takes at once goes on without a cut`() throws {
    // Twelve seconds, and six at once.
    let samples = sound(192_000)
    let found = try windowed(.milliseconds(400)).transcript(of: samples, from: .zero)
    let expected = try whole()
    #expect(expected.greatestLength == 599 * 160)
    // The second four seconds in the middle of six.
    let middle = try #require(expected.transcript(of: Array(samples[32_000..<127_840]), from: .seconds(2)).words)
    func between(_ words: [TimedWord]?) -> [String] { (words ?? []).filter { $0.start > .seconds(3) && $0.end < .seconds(7) }.map(\.text) }
    #expect(between(found.words) == between(middle) && !between(middle).isEmpty)
    #expect(found.words!.last!.end > .seconds(11))
  }

  @Test func `a look-ahead that can't be had is refused with those that can`() throws {
    for (lookAhead, words) in [(Duration.milliseconds(100), "ask for another, 0.2"), (.seconds(4), "takes 8 to 600 at once"), (.seconds(6), "5.0 seconds")] {
      let refused = #expect(throws: TranscriptionError.self) { try windowed(lookAhead) }
      #expect(refused?.code == .unsuitableWindow && refused?.message.contains(words) == true, "\(refused?.message ?? "")")
    }
    let beam = #expect(throws: TranscriptionError.self) {
      try SpeechRecognition.recogniser(
        package(), on: CPUBackend.self, options: CPUOptions(threads: 1), search: .beam(width: 4), window: HearingWindow(lookAhead: .seconds(1)))
    }
    #expect(beam?.code == .unsuitableWindow && beam?.message.contains("no beam") == true)
  }
}
