import Hearing
public import Inference
public import ModelManifest
public import Tensors
import ModelFormat
import TextTokens

/// A speech model of an encoder and a decoder's step, which writes token by token: always the likeliest next one.
///
/// Sound is padded with silence to whole blocks of the model's (`SoundInput.chunk`), and each number of blocks binds both programs anew.
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
  private let block: Int
  private let blocks: ClosedRange<Int>
  private var boundBlocks: Int

  public var tellsWords: Bool { false }
  public var greatestLength: Int { blocks.upperBound * block }

  /// - Throws: where the package isn't a speech model of this kind, naming it.
  public init(_ package: ModelPackage, options: Engine.Options) throws(TranscriptionError) {
    manifest = package.manifest
    origin = package.origin
    guard let sound = manifest.sound, sound.features == .waveform, case .stepwise(let decoding)? = manifest.decoding, let stepProgram = package.step,
      let family = package.family, family.dimensions.count == 1, stepProgram.family?.dimensions.count == 1
    else {
      throw TranscriptionError(.unsuitableInput, "\(origin): is no speech model of two programs of open length: compile it with this version")
    }
    self.decoding = decoding
    self.sound = sound
    sampleRate = sound.sampleRate
    block = sound.chunk
    blocks = family.dimensions[0].bounds
    boundBlocks = 0
    text = TokenText(decoding.vocabulary)
    do throws(TranscriptionError) { ports = try StepwisePorts(decoding, sound, encoder: package.program, step: stepProgram.program) } catch {
      throw TranscriptionError(error.code, "\(origin): \(error.message)")
    }
    guard 1...1 << 20 ~= block, 1...1_000_000 ~= sampleRate, package.program.inputs[ports.samples].declaredDimensions == [blocks.upperBound, block] else {
      throw TranscriptionError(.unsuitableInput, "\(origin): takes no sound of \(blocks.upperBound) blocks of \(block) samples")
    }
    guard blocks.upperBound * block >= sound.sampleRate else {
      throw TranscriptionError(.unsuitableInput, "\(origin): takes less than a second of sound: compile it anew")
    }
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
    let clock = ContinuousClock()
    let start = clock.now
    try bind(blocks: min(max((samples.count + block - 1) / block, blocks.lowerBound), blocks.upperBound))
    let bound = clock.now
    hear(samples)
    let heard = clock.now
    let tokens = try write(atMost: tokenLimit(seconds: Float(samples.count) / Float(sampleRate)))
    let stages = StageTimes(binding: bound - start, encoder: heard - bound, decoder: clock.now - heard)
    return Transcript(text: text.text(of: tokens), tokens: tokens, stages: stages)
  }

  /// Most tokens of so much sound, the first one counted.
  private func tokenLimit(seconds: Float) -> Int {
    min(decoding.capacity, 1 + Int((seconds * decoding.tokensPerSecond).rounded(.up)) + decoding.spareTokens)
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
    guard unsafe encoder.inputBytes(ports.samples).count == 4 * count * block else {
      throw TranscriptionError(.unsuitableInput, "\(origin): at \(count) blocks input \(sound.tensor) takes no \(count * block) samples")
    }
    for copy in ports.handedOn {
      guard unsafe encoder.outputBytes(copy.output).count == step.inputBytes(copy.input).count else {
        throw TranscriptionError(.unusableProgram, "\(origin): what the encoder makes isn't what the step takes, at \(count) blocks")
      }
    }
    boundBlocks = count
  }

  /// Runs the encoder and hands its outputs to the step.
  private func hear(_ samples: [Float]) {
    let input = unsafe encoder.inputBytes(ports.samples)
    unsafe input.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe samples.withUnsafeBytes { unsafe input.copyMemory(from: $0) }
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
  private func write(atMost limit: Int) throws(TranscriptionError) -> [Int] {
    var tokens = [decoding.startToken]
    while tokens.count < limit {
      let position = tokens.count - 1
      unsafe step.inputBytes(ports.token).storeBytes(of: Int64(tokens[position]), as: Int64.self)
      unsafe step.inputBytes(ports.position).storeBytes(of: Int64(position), as: Int64.self)
      step.run()
      for copy in ports.rows { remember(copy, at: position) }
      if let onTensors, let scores = try? step.output(ports.scores) { onTensors("scores", scores) }
      tokens.append(likeliest())
      if decoding.endTokens.contains(tokens[position + 1]) { break }
    }
    return tokens
  }

  private func likeliest() -> Int {
    let scores = unsafe step.outputBytes(ports.scores).bindMemory(to: Float.self)
    var best = 0
    for index in 1..<max(1, ports.scoreCount) where unsafe scores[index] > scores[best] { best = index }
    return best
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
