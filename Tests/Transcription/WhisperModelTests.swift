import CPUExecution
import ModelCompiler
import ModelManifest
import Tensors
import Testing
import Transcription

/// A smallest Whisper of several languages and random weights, and what transformers makes of a sound with it
/// (Tests/Conformance/Whisper/make_cases.py).
@Suite struct WhisperModelTests {
  private static let golden = GoldenSpeech("whisper")

  /// Compiled once: unoptimised builds take seconds.
  private static let padded = Result { try SequenceCompilation(folder: golden.folder, options: SequenceOptions(language: "de")).compiled() }
  private static let following = Result {
    try SequenceCompilation(folder: golden.folder, options: SequenceOptions(language: "en", shortestSeconds: 0.2)).compiled()
  }

  /// - Parameter change: of what the manifest says.
  private static func speech(
    _ compiled: Result<CompiledModel, any Error> = padded, _ change: (inout SoundInput, inout StepwiseDecoding) -> Void = { _, _ in }
  ) throws -> StepwiseSpeechModel<CPUBackend> {
    var model = try compiled.get()
    guard case .stepwise(var decoding)? = model.manifest.decoding, var sound = model.manifest.sound else { fatalError("no stepwise decoding") }
    change(&sound, &decoding)
    model.manifest.decoding = .stepwise(decoding)
    model.manifest.sound = sound
    return try StepwiseSpeechModel(ModelPackage(model.file(), origin: "m"), options: CPUOptions(threads: 1))
  }

  @Test func `encoder, scores, tokens and text are the reference's`() throws {
    let speech = try Self.speech()
    var heard: [HostTensor] = []
    var scores: [Float] = []
    speech.onTensors = { name, tensor in
      if name == "heard" { heard.append(tensor) }
      if name == "scores" { scores += tensor.floats() }
    }
    let transcript = try speech.transcript(of: Self.golden.samples(), from: .zero)
    #expect(heard.count == 1)
    #expect(try GoldenSpeech.areClose(try #require(heard.first), Self.golden.tensor("heard.npy"), within: 2e-5))
    #expect(GoldenSpeech.areClose(HostTensor(scores, dimensions: [scores.count]), try Self.golden.tensor("scores.npy"), within: 1e-5))
    #expect(try transcript.tokens == Self.golden.tokens("tokens"))
    #expect(try transcript.text == Self.golden.text("text"))
  }

  @Test func `sound may stay short, in another language`() throws {
    let speech = try Self.speech(Self.following)
    var heard: [HostTensor] = []
    speech.onTensors = { name, tensor in if name == "heard" { heard.append(tensor) } }
    let samples = try Self.golden.samples()
    let transcript = try speech.transcript(of: Array(samples.prefix(7000)), from: .zero)
    #expect(try GoldenSpeech.areClose(try #require(heard.first), Self.golden.tensor("short.npy"), within: 2e-5))
    #expect(try transcript.tokens == Self.golden.tokens("short"))
    // A longer one binds anew, and the shorter one again, with nothing left of it.
    _ = try speech.transcript(of: samples, from: .zero)
    #expect(try speech.transcript(of: Array(samples.prefix(7000)), from: .zero).tokens == Self.golden.tokens("short"))
  }

  @Test func `a text that is stopped says so, and hardly any sound has none`() throws {
    let samples = try Self.golden.samples()
    #expect(try !Self.speech().transcript(of: samples, from: .zero).isCut)
    let stopped = try Self.speech { $1.endTokens = [] }.transcript(of: samples, from: .zero)
    // The capacity of this smallest model.
    #expect(stopped.isCut && stopped.tokens?.count == 40)
    #expect(try Self.speech().transcript(of: Array(samples.prefix(1500)), from: .zero) == Transcript(text: "", tokens: []))
  }

  @Test func `what is suppressed is never written, nor at the beginning what mayn't begin`() throws {
    let (samples, expected) = (try Self.golden.samples(), try Self.golden.tokens("tokens"))
    let (first, second) = (expected[4], expected[5])
    func tokens(_ change: (inout TokenRules) -> Void) throws -> [Int] {
      let speech = try Self.speech { sound, decoding in
        guard var rules = decoding.rules else { fatalError("no rules") }
        change(&rules)
        decoding.rules = rules
      }
      return try speech.transcript(of: samples, from: .zero).tokens ?? []
    }
    let other = try tokens { $0.suppressedFirst.append(first) }
    #expect(other.count > 4 && other[4] != first)
    let never = try tokens { $0.suppressed.append(second) }
    #expect(never.count > 4 && never[4] == first && !never.dropFirst(4).contains(second))
    #expect(expected.dropFirst(4).contains(second))
  }

  @Test func `silence is what the model takes for it and isn't sure of`() throws {
    let (samples, expected) = (try Self.golden.samples(), try #require(try Self.golden.text("text")))
    let (silence, mean) = (try #require(try Self.golden.number("silence")), try #require(try Self.golden.number("mean")))
    func text(_ probability: Float, _ logProbability: Float) throws -> String {
      try Self.speech(Self.padded) { sound, decoding in
        decoding.rules?.silence?.probability = probability
        decoding.rules?.silence?.logProbability = logProbability
      }.transcript(of: samples, from: .zero).text
    }
    #expect(try text(0.99 * silence, mean + 0.001) == "")
    #expect(try text(1.01 * silence, mean + 0.001) == expected)
    #expect(try text(0.99 * silence, mean - 0.001) == expected)
  }

  @Test func `a manifest that doesn't fit its programs is refused`() throws {
    let changes: [((inout SoundInput, inout StepwiseDecoding) -> Void, TranscriptionError.Code)] = [
      ({ $1.rules?.prompt = [296] }, .invalidDecoding), ({ $1.rules?.prompt = [Int](repeating: 0, count: 39) }, .invalidDecoding),
      ({ $1.rules?.suppressed = [-1] }, .invalidDecoding), ({ $1.rules?.suppressed = Array(0..<296) }, .invalidDecoding),
      ({ $1.rules?.silence?.token = 296 }, .invalidDecoding), ({ $1.rules?.silence?.probability = 1.5 }, .invalidDecoding),
      ({ sound, _ in sound.chunk = 321 }, .unsuitableInput), ({ sound, _ in sound.hop = 0 }, .unsuitableInput),
      ({ sound, _ in sound.chunk = 160 }, .unsuitableInput), ({ sound, _ in sound.axes = .bandsFrames }, .unsuitableInput),
      ({ sound, _ in sound.features = .mfcc }, .unsuitableInput), ({ sound, _ in sound.transform = 401 }, .unsuitableInput),
      ({ $1.rules?.suppressed.append($1.endTokens[0]) }, .invalidDecoding), ({ sound, _ in sound.bands = .max }, .unsuitableInput),
    ]
    for (index, (change, code)) in changes.enumerated() {
      do {
        _ = try Self.speech(Self.padded, change)
        Issue.record("change \(index) was accepted")
      } catch let error as TranscriptionError {
        #expect(error.code == code, "change \(index)")
        #expect(error.message.hasPrefix("m: "))
      }
    }
  }
}
