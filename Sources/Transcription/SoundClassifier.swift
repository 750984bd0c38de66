import Glibc
import Hearing
public import Inference
public import ModelManifest
import ModelFormat
import Tensors

/// A model that tells which of some words, letters or commands a short sound is. One thread at a time.
///
/// As a recogniser it writes the best class of each piece, if it is likely enough; where several words may follow each other, the pieces must be
/// utterances (`UtteranceCutter`).
public final class SoundClassifier<Engine: Backend & ~Copyable>: SpeechRecogniser {
  /// A class and how likely it is.
  public struct Candidate: Equatable, Sendable {
    /// Index into the manifest's labels.
    public var label: Int
    public var probability: Float
  }

  public let manifest: Manifest
  /// Below it a piece has no text.
  public var threshold = SpeechRecognition.leastWordProbability
  private let session: Session<Engine>
  private var features: FeatureExtractor
  private let outputIndex: Int
  private let decoding: ClassificationDecoding
  private var values: [Float] = []

  public var sampleRate: Int { features.input.sampleRate }
  public var tellsWords: Bool { true }
  /// What lies outside the model's frames isn't looked at; where they lie in a longer sound is the manifest's alignment.
  public var greatestLength: Int { 4 * sampleRate }

  /// - Throws: where the package classifies no sound of a fixed number of frames, naming it and what doesn't fit.
  public init(_ package: ModelPackage, options: Engine.Options) throws(TranscriptionError) {
    manifest = package.manifest
    let (origin, program) = (package.origin, package.program)
    guard let sound = manifest.sound, case .classification(let decoding)? = manifest.decoding else {
      throw TranscriptionError(.unsuitableInput, "\(origin): doesn't say how it hears and which words it tells apart: compile it with its recipe")
    }
    self.decoding = decoding
    do throws(HearingError) { features = try FeatureExtractor(sound) } catch {
      throw TranscriptionError(.unsuitableInput, "\(origin): \(error.message)")
    }
    guard program.inputs.count == 1, program.inputs[0].name == sound.tensor, sound.frames > 0 else {
      throw TranscriptionError(.unsuitableInput, "\(origin): its one input isn't a fixed number of frames of the sound '\(sound.tensor)'")
    }
    let dimensions = program.inputs[0].declaredDimensions
    guard dimensions.reduce(1, *) == sound.frames * features.valuesPerFrame else {
      throw TranscriptionError(
        .unsuitableInput, "\(origin): input \(sound.tensor) is \(dimensions), but the manifest gives it \(sound.frames * features.valuesPerFrame) values")
    }
    guard let output = program.outputs.firstIndex(where: { $0.name == decoding.output }) else {
      throw TranscriptionError(.unsuitableOutput, "\(origin): has no output \(decoding.output), which its manifest decodes")
    }
    let count = program.outputs[output].declaredDimensions.reduce(1, *)
    guard decoding.labelOffset >= 0, !manifest.labels.isEmpty, count == manifest.labels.count + decoding.labelOffset else {
      throw TranscriptionError(.unsuitableOutput, "\(origin): output \(decoding.output) has \(count) classes, the manifest \(manifest.labels.count) labels")
    }
    outputIndex = output
    do throws(InferenceError) {
      session = try unsafe Session(program: program, weights: package.weights, owner: package, options: options, onCopy: { unsafe package.release($0) })
    } catch {
      throw TranscriptionError(.unusableProgram, "\(origin): \(error.message)")
    }
  }

  /// What a sound may be, the likeliest first; the first of equals.
  public func candidates(_ samples: [Float]) throws(TranscriptionError) -> [Candidate] {
    _ = features.extract(samples, into: &values)
    var scores: [Float]
    do throws(InferenceError) {
      unsafe try values.withUnsafeBufferPointer { (values) throws(InferenceError) in unsafe try session.writeReals(0, from: values) }
      session.run()
      scores = try session.realOutput(outputIndex)
    } catch {
      throw TranscriptionError(.unusableProgram, error.message)
    }
    if decoding.appliesSoftmax {
      let greatest = scores.max() ?? 0
      let powers = scores.map { exp($0 - greatest) }
      let sum = powers.reduce(0, +)
      scores = powers.map { $0 / sum }
    }
    let candidates = scores.dropFirst(decoding.labelOffset).enumerated().map { Candidate(label: $0.offset, probability: $0.element.isFinite ? $0.element : 0) }
    return candidates.sorted { ($1.probability, $0.label) < ($0.probability, $1.label) }
  }

  public func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    guard let best = try candidates(samples).first, isWritten(best) else {
      return Transcript(text: "", words: [])
    }
    let end = origin + .seconds(samples.count) / sampleRate
    let word = TimedWord(text: manifest.labels[best.label], start: origin, end: end, confidence: best.probability)
    return Transcript(text: word.text, words: [word])
  }

  /// Whether a class that comes first is likely enough to be written.
  public func isWritten(_ candidate: Candidate) -> Bool { candidate.probability >= threshold && isWord(candidate.label) }

  /// Whether a class is a word, and doesn't stand for what is none, as the data sets of commands have them.
  public func isWord(_ label: Int) -> Bool { SpeechRecognition.isWord(manifest.labels[label]) }
}
