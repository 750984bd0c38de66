import ModelFormat
import ModelManifest
import Tensors

/// Where the ports of a stepwise model stand, checked against each other once, so that running copies bytes and nothing else.
struct StepwisePorts {
  struct Copy {
    /// An output of the first program or of the step.
    var output: Int
    /// An input of the step.
    var input: Int
  }

  let samples: Int
  let framePositions: Int?
  let token: Int
  let position: Int
  let scores: Int
  let scoreCount: Int
  let handedOn: [Copy]
  let rows: [Copy]

  init(_ decoding: StepwiseDecoding, _ sound: SoundInput, encoder: Program, step: Program) throws(TranscriptionError) {
    samples = try encoder.input(sound.tensor, .float32)
    framePositions = try decoding.framePositions.map { (name) throws(TranscriptionError) in try encoder.input(name, .int64) }
    token = try step.input(decoding.token, .int64, [1])
    position = try step.input(decoding.position, .int64, [1])
    scores = try step.output(decoding.scores)
    scoreCount = step.outputs[scores].declaredDimensions.elementCount
    handedOn = try decoding.handedOn.map { (binding) throws(TranscriptionError) in
      // As the compiler chose: rows of 16-bit floats are read in half the time.
      let form = encoder.handsOnHalves(binding.output) ? ElementType.float16 : .float32
      return Copy(output: try encoder.output(binding.output, form), input: try step.input(binding.input, form))
    }
    rows = try decoding.rows.map { (binding) throws(TranscriptionError) in
      let copy = Copy(output: try step.output(binding.output), input: try step.input(binding.input, .float32))
      let (row, all) = (step.outputs[copy.output].declaredDimensions, step.inputs[copy.input].declaredDimensions)
      guard row.count == 3, all.count == 3, row == [all[0], 1, all[2]], all[1] == decoding.capacity else {
        throw TranscriptionError(
          .unsuitableOutput, "output \(binding.output) \(row) is no row of input \(binding.input) \(all) for \(decoding.capacity) tokens")
      }
      return copy
    }
    guard 0...16 ~= decoding.vocabulary.strippedSpaces, (decoding.vocabulary.spaceMark?.unicodeScalars.count ?? 0) <= 16 else {
      throw TranscriptionError(
        .invalidDecoding, "the manifest's vocabulary strips \(decoding.vocabulary.strippedSpaces) spaces, or its mark of a space is too long")
    }
    let (start, ends) = (decoding.startToken, decoding.endTokens)
    guard decoding.capacity > 0, 0..<scoreCount ~= start, ends.allSatisfy({ 0..<scoreCount ~= $0 }) else {
      throw TranscriptionError(.invalidDecoding, "the manifest's tokens \([start] + ends) or its capacity \(decoding.capacity) don't fit \(scoreCount) scores")
    }
    if let rules = decoding.rules { try Self.check(rules, decoding, scoreCount: scoreCount) }
    guard 0...1000 ~= decoding.tokensPerSecond, 0...1_000_000 ~= decoding.spareTokens else {
      throw TranscriptionError(.invalidDecoding, "the manifest allows \(decoding.tokensPerSecond) tokens a second and \(decoding.spareTokens) more")
    }
  }

  private static func check(_ rules: TokenRules, _ decoding: StepwiseDecoding, scoreCount: Int) throws(TranscriptionError) {
    let all = rules.prompt + rules.suppressed + rules.suppressedFirst + (rules.silence.map { [$0.token] } ?? [])
    guard all.allSatisfy({ 0..<scoreCount ~= $0 }), rules.prompt.count < decoding.capacity - 1 else {
      throw TranscriptionError(.invalidDecoding, "the manifest's rules have tokens beyond \(scoreCount) scores, or a prompt that leaves no room for text")
    }
    guard Set(rules.suppressed).isDisjoint(with: decoding.endTokens) else {
      throw TranscriptionError(.invalidDecoding, "the manifest's rules suppress the token that ends a text")
    }
    guard Set(rules.suppressed).union(rules.suppressedFirst).count < scoreCount else {
      throw TranscriptionError(.invalidDecoding, "the manifest's rules suppress every token")
    }
    guard rules.silence.map({ 0...1 ~= $0.probability && $0.logProbability.isFinite }) ?? true else {
      throw TranscriptionError(.invalidDecoding, "the manifest's rule of silence has no probabilities")
    }
  }
}

extension Program {
  fileprivate func input(_ name: String, _ type: ElementType, _ dimensions: [Int]? = nil) throws(TranscriptionError) -> Int {
    guard let index = inputs.firstIndex(where: { $0.name == name }) else { throw TranscriptionError(.unsuitableInput, "there is no input \(name)") }
    guard isPlain(inputs[index], type), dimensions == nil || inputs[index].declaredDimensions == dimensions else {
      throw TranscriptionError(.unsuitableInput, "input \(name) is no \(type.name) as the manifest's decoding wants it")
    }
    return index
  }

  fileprivate func output(_ name: String, _ type: ElementType = .float32) throws(TranscriptionError) -> Int {
    guard let index = outputs.firstIndex(where: { $0.name == name }), isPlain(outputs[index], type) else {
      throw TranscriptionError(.unsuitableOutput, "there is no \(type.name) output \(name)")
    }
    return index
  }

  fileprivate func handsOnHalves(_ name: String) -> Bool { outputs.first { $0.name == name }?.declaredType == .float16 }

  /// Whether a port's bytes are its declared elements in their order.
  private func isPlain(_ port: Port, _ type: ElementType) -> Bool {
    let tensor = tensors[Int(port.tensor)]
    return port.declaredType == type && tensor.elementType == type && port.permutation == Array(port.permutation.indices)
  }
}
