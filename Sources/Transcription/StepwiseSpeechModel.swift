import Hearing
public import Inference
public import ModelManifest
public import Tensors
import ModelFormat
import TextTokens

/// A speech model of an encoder and a decoder's step, which writes token by token: always the likeliest next one.
///
/// Sound is padded with silence to whole blocks of the model's (`SoundInput.chunk`), and each number of blocks binds both programs anew. The encoder
/// takes a row of samples for each block, or where the model hears by bands, those of the block's frames.
public final class StepwiseSpeechModel<Engine: Backend & ~Copyable>: SpeechRecogniser {
  public let manifest: Manifest
  public let sampleRate: Int
  /// Sees what the encoder made of a piece (the first program's outputs by name), and then the scores of every step; for comparisons.
  public var onTensors: ((_ name: String, _ tensor: HostTensor) -> Void)?

  private let decoding: StepwiseDecoding
  private let origin: String
  private let sound: SoundInput
  private var ports: StepwisePorts
  private let encoder: Session<Engine>
  private let step: Session<Engine>
  private let text: TokenText
  private let choice: TokenChoice
  /// What becomes a block's row in the encoder's input.
  private let valuesPerBlock: Int
  /// For the number of blocks that is bound; nil where samples themselves are heard.
  private var features: FeatureExtractor?
  private var values: [Float] = []
  private let block: Int
  private let blocks: ClosedRange<Int>
  private var boundBlocks: Int

  public var tellsWords: Bool { false }
  public var greatestLength: Int { blocks.upperBound * block }

  /// - Throws: where the package isn't a speech model of this kind, naming it.
  public init(_ package: ModelPackage, options: Engine.Options) throws(TranscriptionError) {
    manifest = package.manifest
    origin = package.origin
    guard let sound = manifest.sound, case .stepwise(let decoding)? = manifest.decoding, let stepProgram = package.step,
      let family = package.family, family.dimensions.count == 1, stepProgram.family?.dimensions.count == 1
    else {
      throw TranscriptionError(.unsuitableInput, "\(origin): is no speech model of two programs of open length: compile it with this version")
    }
    guard let rowWidth = sound.valuesPerBlock else {
      throw TranscriptionError(.unsuitableInput, "\(origin): its manifest gives the encoder neither samples nor bands, frame by frame, in whole blocks")
    }
    self.decoding = decoding
    self.sound = sound
    valuesPerBlock = rowWidth
    sampleRate = sound.sampleRate
    block = sound.chunk
    blocks = family.dimensions[0].bounds
    boundBlocks = 0
    text = TokenText(decoding.vocabulary)
    do throws(TranscriptionError) { ports = try StepwisePorts(decoding, sound, encoder: package.program, step: stepProgram.program) } catch {
      throw TranscriptionError(error.code, "\(origin): \(error.message)")
    }
    guard 1...1 << 20 ~= block, 1...1_000_000 ~= sampleRate, package.program.inputs[ports.samples].declaredDimensions == [blocks.upperBound, valuesPerBlock]
    else {
      throw TranscriptionError(.unsuitableInput, "\(origin): takes no sound of \(blocks.upperBound) blocks of \(block) samples")
    }
    guard blocks.upperBound * block >= sound.sampleRate else {
      throw TranscriptionError(.unsuitableInput, "\(origin): takes less than a second of sound: compile it anew")
    }
    choice = TokenChoice(decoding.rules, scoreCount: ports.scoreCount)
    features = try Self.extractor(sound, blocks: blocks.upperBound, origin)
    do throws(InferenceError) {
      encoder = try unsafe Session(
        program: package.program, family: family, weights: package.weights, owner: package, options: options, onCopy: { unsafe package.release($0) })
      step = try unsafe Session(
        program: stepProgram.program, family: stepProgram.family, weights: package.weights, owner: package, options: options,
        onCopy: { unsafe package.release($0) })
    } catch { throw TranscriptionError(.unusableProgram, "\(origin): \(error.message)") }
  }

  public func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    precondition(samples.count <= greatestLength)
    // What is left of a long file may be so short: no word is, and a model that must write something would make one up.
    guard samples.count * 10 >= sampleRate else { return Transcript(text: "", tokens: []) }
    let clock = ContinuousClock()
    let start = clock.now
    try bind(blocks: min(max((samples.count + block - 1) / block, blocks.lowerBound), blocks.upperBound))
    let bound = clock.now
    hear(samples)
    let heard = clock.now
    let (tokens, isSilence, isCut) = try write(atMost: tokenLimit(seconds: Float(samples.count) / Float(sampleRate)))
    let stages = StageTimes(binding: bound - start, encoder: heard - bound, decoder: clock.now - heard)
    return Transcript(text: isSilence ? "" : text.text(of: tokens), tokens: tokens, stages: stages, isCut: isCut)
  }

  /// Most tokens of so much sound, the first one and the prompt counted.
  private func tokenLimit(seconds: Float) -> Int {
    min(decoding.capacity, 1 + (decoding.rules?.prompt.count ?? 0) + Int((seconds * decoding.tokensPerSecond).rounded(.up)) + decoding.spareTokens)
  }

  /// Makes both programs those for a number of blocks, and checks that they still fit each other: how a program follows its open sizes is the
  /// package's word.
  private func bind(blocks count: Int) throws(TranscriptionError) {
    guard count != boundBlocks else { return }
    boundBlocks = 0
    do throws(InferenceError) {
      try encoder.bind(sizes: [count])
      if let copy = ports.handedOn.first, let place = step.family?.dimensions[0].places.first(where: { $0.input == copy.input }) {
        // The step's open length stands in what it hears.
        let dimensions = encoder.program.outputs[copy.output].declaredDimensions
        try step.bind(sizes: [dimensions.indices.contains(place.axis) ? dimensions[place.axis] : 0])
      }
    } catch { throw TranscriptionError(.unusableProgram, "\(origin): \(error.message)") }
    do throws(TranscriptionError) { ports = try StepwisePorts(decoding, sound, encoder: encoder.program, step: step.program) } catch {
      throw TranscriptionError(error.code, "\(origin), at \(count) blocks: \(error.message)")
    }
    guard unsafe encoder.inputBytes(ports.samples).count == 4 * count * valuesPerBlock else {
      throw TranscriptionError(.unsuitableInput, "\(origin): at \(count) blocks input \(sound.tensor) takes no \(count * block) samples")
    }
    for copy in ports.handedOn {
      guard unsafe encoder.outputBytes(copy.output).count == step.inputBytes(copy.input).count else {
        throw TranscriptionError(.unusableProgram, "\(origin): what the encoder makes isn't what the step takes, at \(count) blocks")
      }
    }
    guard ports.scoreCount == choice.scoreCount else {
      throw TranscriptionError(.unsuitableOutput, "\(origin): has \(ports.scoreCount) scores at \(count) blocks, and \(choice.scoreCount) at the most")
    }
    features = try Self.extractor(sound, blocks: count, origin)
    boundBlocks = count
  }

  /// For pieces of so many blocks; nil where samples themselves are heard.
  private static func extractor(_ sound: SoundInput, blocks: Int, _ origin: String) throws(TranscriptionError) -> FeatureExtractor? {
    guard sound.features != .waveform else { return nil }
    var described = sound
    described.frames = blocks * sound.chunk / sound.hop
    do throws(HearingError) { return try FeatureExtractor(described) } catch {
      throw TranscriptionError(.unsuitableInput, "\(origin): \(error.message)")
    }
  }

  /// Runs the encoder and hands its outputs to the step.
  private func hear(_ samples: [Float]) {
    let input = unsafe encoder.inputBytes(ports.samples)
    if features != nil {
      _ = features?.extract(samples, into: &values)
      unsafe values.withUnsafeBytes { unsafe input.copyMemory(from: $0) }
    } else {
      unsafe input.initializeMemory(as: UInt8.self, repeating: 0)
      unsafe samples.withUnsafeBytes { unsafe input.copyMemory(from: $0) }
    }
    if let positions = ports.framePositions {
      let numbers = unsafe encoder.inputBytes(positions)
      for index in 0..<numbers.count / 8 { unsafe numbers.storeBytes(of: Int64(index), toByteOffset: 8 * index, as: Int64.self) }
    }
    encoder.run()
    if let onTensors {
      for (index, port) in encoder.program.outputs.enumerated() {
        if let tensor = try? encoder.output(index) { onTensors(port.name, tensor) }
      }
    }
    for copy in ports.handedOn { unsafe step.inputBytes(copy.input).copyMemory(from: encoder.outputBytes(copy.output)) }
    for copy in ports.rows { unsafe step.inputBytes(copy.input).initializeMemory(as: UInt8.self, repeating: 0) }
  }

  /// Steps until an end token or a limit.
  private func write(atMost limit: Int) throws(TranscriptionError) -> (tokens: [Int], isSilence: Bool, isCut: Bool) {
    let given = [decoding.startToken] + (decoding.rules?.prompt ?? [])
    var tokens = [decoding.startToken]
    var mayBeSilence = false
    var logProbabilities: [Float] = []
    while tokens.count < limit {
      let position = tokens.count - 1
      unsafe step.inputBytes(ports.token).storeBytes(of: Int64(tokens[position]), as: Int64.self)
      unsafe step.inputBytes(ports.position).storeBytes(of: Int64(position), as: Int64.self)
      step.run()
      for copy in ports.rows { remember(copy, at: position) }
      if let onTensors, let scores = try? step.output(ports.scores) { onTensors("scores", scores) }
      let scores = unsafe step.outputBytes(ports.scores).bindMemory(to: Float.self)
      if position == 0 { mayBeSilence = unsafe choice.mayBeSilence(scores) }
      guard tokens.count >= given.count else {
        tokens.append(given[tokens.count])
        continue
      }
      let isFirst = tokens.count == given.count
      let next = unsafe choice.likeliest(scores, isFirst: isFirst)
      if mayBeSilence { logProbabilities.append(unsafe choice.logProbability(of: next, scores, isFirst: isFirst)) }
      tokens.append(next)
      if decoding.endTokens.contains(next) { break }
    }
    let isCut = !decoding.endTokens.contains(tokens[tokens.count - 1])
    return (tokens, mayBeSilence && choice.isSilence(logProbabilities: logProbabilities), isCut)
  }

  /// Copies a row of each head, `[heads, 1, size]`, to its place in `[heads, capacity, size]`.
  private func remember(_ copy: StepwisePorts.Copy, at position: Int) {
    let dimensions = step.program.outputs[copy.output].declaredDimensions
    let (heads, byteCount) = (dimensions[0], dimensions[2] * 4)
    let (source, target) = unsafe (step.outputBytes(copy.output), step.inputBytes(copy.input))
    for head in 0..<heads {
      let place = (head * decoding.capacity + position) * byteCount
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[place..<place + byteCount]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: source[head * byteCount..<(head + 1) * byteCount]))
    }
  }
}
