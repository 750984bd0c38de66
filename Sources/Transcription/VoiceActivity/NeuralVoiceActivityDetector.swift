import Glibc
import Hearing
public import Inference
public import ModelManifest
import ModelFormat
import Tensors

/// Voice activity by a model: its manifest's task is `voice-activity`. It hears new samples behind earlier ones (Silero's), or features of a
/// fixed number of frames that end with the newest (Moonshine's), and may remember states from chunk to chunk.
public final class NeuralVoiceActivityDetector<Engine: Backend & ~Copyable>: VoiceActivityDetector {
  public let sampleRate: Int
  public let chunkLength: Int
  private let session: Session<Engine>
  private let inputIndex: Int
  private let outputIndex: Int
  private let appliesSigmoid: Bool
  private var features: FeatureExtractor?
  /// What the model hears at a time, the newest chunk last.
  private var heard: [Float]
  private var values: [Float] = []

  /// - Throws: where the package is none for voice activity, naming it and what doesn't fit.
  public init(_ package: ModelPackage, options: Engine.Options) throws(TranscriptionError) {
    let (origin, program) = (package.origin, package.program)
    guard let sound = package.manifest.sound, case .voiceActivity(let decoding)? = package.manifest.decoding else {
      throw TranscriptionError(.unsuitableInput, "\(origin): doesn't tell when somebody speaks: compile it with a recipe of task 'voice-activity'")
    }
    guard let input = program.inputs.firstIndex(where: { $0.name == sound.tensor }) else {
      throw TranscriptionError(.unsuitableInput, "\(origin): has no input \(sound.tensor), which its manifest names")
    }
    do throws(HearingError) { try sound.checkSizes() } catch { throw TranscriptionError(.unsuitableInput, "\(origin): \(error.message)") }
    outputIndex = try Self.output(decoding, of: package)
    (inputIndex, appliesSigmoid, sampleRate) = (input, decoding.appliesSigmoid, sound.sampleRate)
    let valueCount: Int
    if sound.features == .waveform {
      (chunkLength, valueCount) = (sound.chunk, sound.chunk + sound.context)
      heard = [Float](repeating: 0, count: valueCount)
    } else {
      let extractor: FeatureExtractor
      do throws(HearingError) { extractor = try FeatureExtractor(sound) } catch {
        throw TranscriptionError(.unsuitableInput, "\(origin): \(error.message)")
      }
      guard sound.frames > 0 else { throw TranscriptionError(.unsuitableInput, "\(origin): says not how many frames it takes: give sound.frames") }
      (chunkLength, valueCount) = (sound.hop, sound.frames * extractor.valuesPerFrame)
      heard = [Float](repeating: 0, count: extractor.sampleCount(frameCount: sound.frames))
      features = extractor
    }
    guard chunkLength <= sampleRate, heard.count >= chunkLength else {
      throw TranscriptionError(.unsuitableInput, "\(origin): takes \(chunkLength) samples at a time; a second at most is of use")
    }
    let dimensions = program.inputs[input].declaredDimensions
    guard dimensions.reduce(1, *) == valueCount else {
      throw TranscriptionError(.unsuitableInput, "\(origin): input \(sound.tensor) is \(dimensions), but the manifest gives it \(valueCount) values")
    }
    do throws(InferenceError) {
      session = try unsafe Session(
        program: program, weights: package.weights, owner: package, options: options, onCopy: { unsafe package.release($0) })
      try session.carryStates((package.manifest.states ?? []).map { SessionState(input: $0.input, output: $0.output) })
      try write([Float](repeating: 0, count: valueCount))
    } catch {
      throw TranscriptionError(.unusableProgram, "\(origin): \(error.message)")
    }
  }

  private static func output(_ decoding: VoiceActivityDecoding, of package: ModelPackage) throws(TranscriptionError) -> Int {
    let (origin, program) = (package.origin, package.program)
    guard let output = program.outputs.firstIndex(where: { $0.name == decoding.output }) else {
      throw TranscriptionError(.unsuitableOutput, "\(origin): has no output \(decoding.output), which its manifest decodes")
    }
    try decoding.check(program.outputs[output].declaredDimensions)
    let states = package.manifest.states ?? []
    for input in program.inputs where input.name != package.manifest.sound?.tensor && !states.contains(where: { $0.input == input.name }) {
      throw TranscriptionError(.unsuitableInput, "\(origin): input \(input.name) is neither the sound nor a state: give its value when compiling, as constants")
    }
    return output
  }

  public func probability(of chunk: ArraySlice<Float>) -> Float {
    precondition(chunk.count == chunkLength)
    for position in 0..<heard.count - chunkLength { heard[position] = heard[position + chunkLength] }
    for (offset, sample) in chunk.enumerated() { heard[heard.count - chunkLength + offset] = sample }
    if features != nil { _ = features!.extract(heard, into: &values) }
    // What was written once, when it was made, can be written again.
    guard (try? write(features == nil ? heard : values)) != nil else { return 0 }
    session.run()
    guard let value = (try? session.realOutput(outputIndex))?.first else { return 0 }
    let probability = appliesSigmoid ? 1 / (1 + exp(-value)) : value
    guard probability.isFinite else {
      // A state that is no number would never become one again.
      reset()
      return 0
    }
    return min(1, max(0, probability))
  }

  private func write(_ values: [Float]) throws(InferenceError) {
    unsafe try values.withUnsafeBufferPointer { (values) throws(InferenceError) in unsafe try session.writeReals(inputIndex, from: values) }
  }

  public func reset() {
    for position in heard.indices { heard[position] = 0 }
    session.resetStates()
  }
}

extension VoiceActivityDecoding {
  /// - Throws: where the output isn't one value.
  public func check(_ outputDimensions: [Int]) throws(TranscriptionError) {
    guard outputDimensions.reduce(1, *) == 1 else {
      throw TranscriptionError(.unsuitableOutput, "output \(output) is \(outputDimensions): voice activity is one value")
    }
  }
}
