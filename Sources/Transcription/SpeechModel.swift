import Hearing
public import Inference
public import ModelManifest
import ModelFormat
import Tensors

/// A speech model in memory, from samples to words: feature front end, session, decoding. One thread at a time.
///
/// Each length that a model is asked for binds its program anew (weights that a kernel keeps in another form are packed again), so a stretch of
/// sound is run once, in its own length: nothing is padded but what is shorter than the model can take.
public final class SpeechModel<Engine: Backend & ~Copyable>: SpeechRecogniser {
  public let manifest: Manifest
  private let session: Session<Engine>
  private var features: FeatureExtractor
  /// How it hears.
  var input: SoundInput { features.input }
  private(set) var decoder: CTCGreedyDecoder
  private let beamDecoder: CTCBeamDecoder?
  private let phraseDecoder: CTCPhraseDecoder?
  private var values: [Float] = []
  private let inputIndex: Int
  private let outputIndex: Int
  let blank: Int
  /// Frames that it takes at once.
  let frameBounds: ClosedRange<Int>
  /// Frames of symbols that it makes of the most frames that it takes.
  let greatestOutputLength: Int
  private var boundFrames: Int

  /// Samples a second that it takes.
  public var sampleRate: Int { features.input.sampleRate }
  public var tellsWords: Bool { true }
  /// Samples of the longest piece that it takes at once.
  public var greatestLength: Int { features.sampleCount(frameCount: frameBounds.upperBound) }

  /// - Parameter search: how the text is found among the symbols' scores.
  /// - Throws: where the package isn't a speech model of open length whose text is decoded by CTC, naming it and what to do.
  public init(_ package: ModelPackage, options: Engine.Options, search: CTCSearch = .greedy) throws(TranscriptionError) {
    manifest = package.manifest
    let origin = package.origin
    guard let sound = manifest.sound, case .ctc(let decoding)? = manifest.decoding else {
      throw TranscriptionError(.unsuitableInput, "\(origin): doesn't say how it hears and writes: compile it with a recipe of task 'transcription'")
    }
    do throws(HearingError) { features = try FeatureExtractor(sound) } catch {
      throw TranscriptionError(.unsuitableInput, "\(origin): \(error.message)")
    }
    guard let output = package.program.outputs.firstIndex(where: { $0.name == decoding.output }) else {
      throw TranscriptionError(.unsuitableOutput, "\(origin): has no output \(decoding.output), which its manifest decodes")
    }
    inputIndex = 0
    outputIndex = output
    blank = decoding.blank
    greatestOutputLength = package.program.outputs[output].declaredDimensions.dropFirst().first ?? 0
    let outputDimensions = package.program.outputs[output].declaredDimensions
    do throws(TranscriptionError) {
      decoder = try CTCGreedyDecoder(decoding, outputDimensions: outputDimensions)
      beamDecoder = try search.beamDecoder(decoding, outputDimensions: outputDimensions)
      phraseDecoder = try search.phraseDecoder(decoding, outputDimensions: outputDimensions)
    } catch {
      throw TranscriptionError(error.code, "\(origin): \(error.message)")
    }
    frameBounds = try Self.frameBounds(of: package, sound, features)
    boundFrames = frameBounds.upperBound
    do throws(InferenceError) {
      session = try unsafe Session(
        program: package.program, family: package.family, weights: package.weights, owner: package, options: options, onCopy: { unsafe package.release($0) })
    } catch {
      throw TranscriptionError(.unusableProgram, "\(origin): \(error.message)")
    }
  }

  /// How many frames the one input takes.
  private static func frameBounds(of package: ModelPackage, _ sound: SoundInput, _ features: FeatureExtractor) throws(TranscriptionError) -> ClosedRange<Int> {
    let (origin, program) = (package.origin, package.program)
    guard program.inputs.count == 1, program.inputs[0].name == sound.tensor else {
      throw TranscriptionError(.unsuitableInput, "\(origin): the model's inputs are not the one sound '\(sound.tensor)'")
    }
    let dimensions = program.inputs[0].declaredDimensions
    guard let family = package.family, family.dimensions.count == 1, let place = family.dimensions[0].places.first else {
      throw TranscriptionError(
        .unsuitableInput, "\(origin): takes sound of one length only: compile it with the frames' size open, such as --shape \(sound.tensor)=1x64x16..2048")
    }
    let axis = dimensions.count - (sound.axes == .bandsFrames ? 1 : 2)
    let bands = dimensions.enumerated().reduce(1) { $1.offset == axis ? $0 : $0 * $1.element }
    guard place.axis == axis, bands == features.valuesPerFrame, sound.frames == 0 else {
      throw TranscriptionError(
        .unsuitableInput,
        "\(origin): input \(sound.tensor) is \(dimensions), but the manifest gives it \(features.valuesPerFrame) values a frame, \(sound.axes.rawValue)")
    }
    let bounds = family.dimensions[0].bounds
    guard features.sampleCount(frameCount: bounds.upperBound) >= sound.sampleRate else {
      throw TranscriptionError(.unsuitableInput, "\(origin): takes less than a second of sound: compile it with a wider bound")
    }
    return bounds
  }

  /// The words of a piece of sound.
  /// - Parameters:
  ///   - samples: mono, at `sampleRate`; `greatestLength` at most. Silence is added at the end of what is too short for the model.
  ///   - origin: when the piece begins; the words' times count from there.
  public func transcribe(_ samples: [Float], from origin: Duration = .zero) throws(TranscriptionError) -> [TimedWord] {
    precondition(samples.count <= greatestLength)
    var samples = samples
    let least = features.sampleCount(frameCount: frameBounds.lowerBound)
    if samples.count < least { samples += [Float](repeating: 0, count: least - samples.count) }
    let frames = features.extract(samples, into: &values)
    let scores = try scores(of: values, frames: frames)
    // Strides keep ⌈frames ÷ stride⌉ of the frames.
    let stride = max(1, Int((Double(frames) / Double(max(1, scores.count / decoder.symbolsPerFrame))).rounded()))
    let frame = Duration.seconds(features.input.hop * stride) / sampleRate
    if let phraseDecoder {
      return phraseDecoder.decode(scores)?.words.map { word in
        TimedWord(
          text: word.text, start: origin + frame * word.frames.lowerBound, end: origin + frame * (word.frames.upperBound + 1), confidence: word.confidence)
      } ?? []
    }
    let symbols = symbols(scores)
    let probabilities = CTCConfidence.probabilities(of: symbols, in: scores, symbolsPerFrame: decoder.symbolsPerFrame, blank: blank)
    return TimedWord.words(of: symbols, probabilities: probabilities, alphabet: decoder.alphabet, from: origin, frame: frame)
  }

  public func transcript(of samples: [Float], from origin: Duration) throws(TranscriptionError) -> Transcript {
    let words = try transcribe(samples, from: origin)
    return Transcript(text: words.map(\.text).joined(separator: " "), words: words)
  }

  /// What the model makes of features, in their own length.
  /// - Parameter frames: of `features`; within `frameBounds`.
  /// - Returns: whole frames of symbols' scores.
  func scores(of features: [Float], frames: Int) throws(TranscriptionError) -> [Float] {
    do throws(InferenceError) {
      if frames != boundFrames { try session.bind(sizes: [frames]) }
      boundFrames = frames
      unsafe try features.withUnsafeBufferPointer { (values) throws(InferenceError) in unsafe try session.writeReals(inputIndex, from: values) }
      session.run()
      return try session.realOutput(outputIndex)
    } catch {
      throw TranscriptionError(.unusableProgram, error.message)
    }
  }

  private func symbols(_ scores: [Float]) -> [CTCSymbol] {
    if let beamDecoder { return beamDecoder.decode(scores) }
    decoder.reset()
    unsafe scores.withUnsafeBufferPointer { unsafe decoder.add($0) }
    return decoder.symbols
  }
}
