import CPUExecution
import ModelCompiler
import ModelManifest
import Tensors
import Testing
import Transcription

/// A smallest Moonshine of random weights, and what transformers makes of a sound with it (Tests/Conformance/Moonshine/make_cases.py).
@Suite struct StepwiseSpeechModelTests {
  private static let golden = GoldenSpeech("moonshine")

  private static let scoreCount = 96

  /// Compiled once: unoptimised builds take seconds.
  private static let compiled: Result<CompiledModel, any Error> = Result { try SequenceCompilation(folder: golden.folder).compiled() }

  /// - Parameter change: of what the manifest says about decoding.
  private static func speech(_ change: (inout StepwiseDecoding) -> Void = { _ in }) throws -> StepwiseSpeechModel<CPUBackend> {
    var model = try compiled.get()
    guard case .stepwise(var decoding)? = model.manifest.decoding else { fatalError("no stepwise decoding") }
    change(&decoding)
    model.manifest.decoding = .stepwise(decoding)
    return try StepwiseSpeechModel(ModelPackage(model.file(), origin: "m"), options: CPUOptions(threads: 1))
  }

  @Test func `encoder, scores and tokens are the reference's, and an end token ends`() throws {
    let speech = try Self.speech()
    var heard: [HostTensor] = []
    var scores: [Float] = []
    speech.onTensors = { name, tensor in
      if name == "heard" { heard.append(tensor) }
      if name == "scores" { scores += tensor.floats() }
    }
    let transcript = try speech.transcript(of: Self.golden.samples(), from: .zero)
    let (expectedHeard, expectedScores, expected) = (
      try Self.golden.tensor("heard.npy"), try Self.golden.tensor("scores.npy"), try Self.golden.tokens("tokens")
    )
    #expect(heard.count == 1)
    #expect(try GoldenSpeech.areClose(#require(heard.first), expectedHeard, within: 2e-5))
    #expect(GoldenSpeech.areClose(HostTensor(scores, dimensions: [scores.count]), expectedScores, within: 1e-5))
    #expect(transcript.tokens == expected)
    // The start token is special; the end token is an ordinary one here.
    #expect(transcript.text == expected.dropFirst().map { "t\($0)" }.joined(separator: " "))
    #expect(transcript.words == nil)
    let stages = try #require(transcript.stages)
    #expect(stages.encoder > .zero && stages.decoder > .zero && stages + StageTimes() == stages)
  }

  /// What the encoder hands on is rounded to 11 binary digits, and every kernel reads the same numbers of them.
  @Test(arguments: [WeightPrecision.int8, .dynamic, .int4]) func `weights of fewer bits bring halves of keys and values`(_ weights: WeightPrecision) throws {
    let model = try SequenceCompilation(folder: Self.golden.folder, weights: weights).compiled()
    let step = try #require(model.step).program
    let (outputs, inputs) = (model.program.outputs, step.inputs)
    let handedOn = outputs.filter { $0.name != "heard" }
    #expect(handedOn.count == 2 * outputs.count { $0.name.hasPrefix("heard_keys") } && !handedOn.isEmpty)
    #expect(handedOn.allSatisfy { $0.declaredType == .float16 && model.program.tensors[Int($0.tensor)].elementType == .float16 })
    #expect(inputs.filter { $0.name.hasPrefix("heard") }.allSatisfy { $0.declaredType == .float16 })
    #expect(inputs.filter { $0.name.hasPrefix("past") }.allSatisfy { $0.declaredType == .float32 })
    let attended = step.instructions.count { if case .attention(let fields) = $0 { step.tensors[Int(fields.keys)].elementType == .float16 } else { false } }
    #expect(attended * 2 == handedOn.count)
    let package = try ModelPackage(model.file(), origin: "m")
    func heard(_ options: CPUOptions) throws -> (tokens: [Int]?, tensors: [String: HostTensor]) {
      let speech = try StepwiseSpeechModel<CPUBackend>(package, options: options)
      var tensors: [String: HostTensor] = [:]
      speech.onTensors = { name, tensor in if tensors[name] == nil { tensors[name] = tensor } }
      return (try speech.transcript(of: Self.golden.samples(), from: .zero).tokens, tensors)
    }
    let scalar = try heard(CPUOptions(threads: 1, instructionSet: .scalar))
    #expect((scalar.tokens?.count ?? 0) > 2)
    // The first scores are the float model's but for what the weights lost.
    let expected = try Self.golden.tensor("scores.npy").floats().prefix(Self.scoreCount)
    let actual = try #require(scalar.tensors["scores"]).floats()
    let error = zip(actual, expected).map { abs($0 - $1) }.max() ?? .infinity
    let range = (expected.max() ?? 0) - (expected.min() ?? 0)
    #expect(error < range * (weights == .int4 ? 0.3 : 0.05), "\(error) of \(range)")
    for instructionSet in CPUInstructionSet.available where instructionSet != .scalar {
      let other = try heard(CPUOptions(threads: 2, instructionSet: instructionSet))
      #expect(other.tokens == scalar.tokens, "\(instructionSet.name)")
      for (name, tensor) in scalar.tensors where name.hasPrefix("heard_") {
        #expect(tensor.elementType == .float16)
        #expect(GoldenSpeech.areClose(try #require(other.tensors[name]), tensor, within: 0.02), "\(instructionSet.name), \(name)")
      }
    }
  }

  @Test func `a model that finds no end stops at its limit, and remembers nothing from one sound to the next`() throws {
    let speech = try Self.speech { $0.endTokens = [] }
    let (samples, expected) = (try Self.golden.samples(), try Self.golden.tokens("free"))
    // ⌈0.9 × 6.5⌉ and 8 behind the start token.
    #expect(expected.count == 15)
    #expect(try speech.transcript(of: samples, from: .zero).tokens == expected)
    let other = try speech.transcript(of: Array(samples.prefix(3000)), from: .zero)
    #expect(other.tokens?.count == 1 + 2 + 8)
    #expect(try speech.transcript(of: samples, from: .zero).tokens == expected)
    let capped = try speech.transcript(of: [Float](repeating: 0.1, count: 16000 * 10), from: .zero)
    #expect(capped.tokens?.count == 32)
  }

  @Test func `a manifest that doesn't fit its programs is refused`() throws {
    let changes: [((inout StepwiseDecoding) -> Void, TranscriptionError.Code)] = [
      ({ $0.token = "tokens" }, .unsuitableInput), ({ $0.position = "past_keys.0" }, .unsuitableInput), ({ $0.scores = "keys" }, .unsuitableOutput),
      ({ $0.capacity = 33 }, .unsuitableOutput), ({ $0.startToken = 96 }, .invalidDecoding), ({ $0.endTokens = [-1] }, .invalidDecoding),
      ({ $0.tokensPerSecond = 1e6 }, .invalidDecoding), ({ $0.rows[0].output = "scores" }, .unsuitableOutput),
      ({ $0.framePositions = "samples" }, .unsuitableInput), ({ $0.vocabulary.strippedSpaces = -1 }, .invalidDecoding),
      ({ $0.vocabulary.strippedSpaces = .max }, .invalidDecoding), ({ $0.vocabulary.spaceMark = String(repeating: "a", count: 17) }, .invalidDecoding),
    ]
    for (index, (change, code)) in changes.enumerated() {
      do {
        _ = try Self.speech(change)
        Issue.record("change \(index) was accepted")
      } catch let error as TranscriptionError {
        #expect(error.code == code, "change \(index)")
        #expect(error.message.hasPrefix("m: "))
      }
    }
  }
}
