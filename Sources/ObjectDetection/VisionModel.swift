public import Imaging
public import Inference
import ModelFormat
public import ModelManifest

/// An image model in memory, from frame to detections: preparation, session, decoding, each a step of its own so that a
/// pipeline can time them. After the first frame of a size nothing allocates or throws. One thread at a time.
public final class VisionModel<Engine: Backend & ~Copyable> {
  public let manifest: Manifest
  public let session: Session<Engine>
  public let decoder: DetectionDecoder
  /// Decoded frames whose outputs or boxes held infinities or what is no number.
  public private(set) var nonFiniteFrameCount: UInt64 = 0
  private let preparation: ImagePreparation
  let inputIndex: Int
  /// Whether the session makes the input of a frame's pixels itself.
  public private(set) var takesFrames = false
  /// Why it doesn't, though its device could.
  public let frameObstacle: String?
  /// Frames so far, parts apart, whose tensor was made here, on the processor.
  public private(set) var tensorFrameCount: UInt64 = 0

  /// Frames that a device has room for where nobody knows what comes: what most cameras give at most.
  public static var usualFrameSize: (width: Int, height: Int) { (1920, 1080) }

  /// - Parameter frameSize: of the largest frames that a device is to have room for; the processor prepares those for which it has none.
  /// - Throws: where the manifest describes no image input or decoding, or one that doesn't fit the program.
  public init(
    _ package: ModelPackage, options: Engine.Options, frameSize: (width: Int, height: Int) = usualFrameSize
  ) throws(ObjectDetectionError) {
    manifest = package.manifest
    let program: Program
    do throws(ModelFormatError) { program = try package.programForImages() } catch {
      throw ObjectDetectionError(.invalidDecoding, "\(package.origin): \(error.message)")
    }
    let described: DetectionDecoder?
    do throws(ObjectDetectionError) { described = try DetectionDecoder(manifest: manifest, program: program) } catch {
      throw ObjectDetectionError(error.code, "\(package.origin): \(error.message)")
    }
    guard manifest.sound == nil else {
      throw ObjectDetectionError(
        .invalidDecoding, "\(package.origin): the model hears; images are no input for it (give prepared features by --tensor)")
    }
    guard let input = manifest.input, let decoder = described else {
      throw ObjectDetectionError(
        .invalidDecoding,
        "\(package.origin): the package keeps raw tensors, it says neither how images become its input nor how its output is decoded: "
          + "compile it with a recipe")
    }
    guard let index = program.inputs.firstIndex(where: { $0.name == input.tensor }), program.inputs.count == 1 else {
      throw ObjectDetectionError(.invalidDecoding, "\(package.origin): the model's inputs are not the one image '\(input.tensor)'")
    }
    inputIndex = index
    self.decoder = decoder
    let tensor = program.tensors[Int(program.inputs[index].tensor)]
    do throws(ImagingError) {
      preparation = try ImagePreparation(input: input, tensor: tensor)
    } catch {
      throw ObjectDetectionError(.invalidDecoding, "\(package.origin): \(error.message)")
    }
    do throws(InferenceError) {
      session = try unsafe Session(program: program, weights: package.weights, owner: package, options: options, onCopy: { unsafe package.release($0) })
      (takesFrames, frameObstacle) = try Self.openFrames(of: session, as: index, preparation, frameSize)
    } catch {
      let code: ObjectDetectionError.Code =
        switch error.code {
        case .unsupported: .unsupported
        case .noResources: .noResources
        case .deviceAbsent: .deviceAbsent
        case .deviceFailed: .deviceFailed
        case .deviceLost: .deviceLost
        default: .invalidDecoding
        }
      throw ObjectDetectionError(code, "\(package.origin): \(error.message)")
    }
  }

  /// Without frames the model runs all the same, on tensors.
  private static func openFrames(
    of session: Session<Engine>, as index: Int, _ preparation: ImagePreparation, _ size: (width: Int, height: Int)
  ) throws(InferenceError) -> (Bool, String?) {
    do throws(InferenceError) { return (unsafe try session.openFrames(as: index, preparation.pass, upTo: size), nil) } catch {
      guard error.code == .noResources || error.code == .unsupported else { throw error }
      return (false, error.message)
    }
  }

  /// From now on frames become tensors here, as for a run together with others.
  public func keepTensors() { takesFrames = false }

  /// Where the prepared frame lies in the input, and its size.
  public var mapping: FrameMapping { preparation.mapping }

  /// Makes room for views of any size up to a width, so that none of them allocates.
  public func reserve(sourceWidth: Int) { preparation.reserve(sourceWidth: sourceWidth) }

  /// Fills the input from a frame, or hands its pixels over to a device that does. The view is read when it returns.
  /// - Parameter isPart: one of many views of many sizes: the processor prepares it, as a device would want other memory again and again.
  public func prepare(_ view: ImageView, isPart: Bool = false) -> PreparationOutcome {
    var isTaken = false
    let outcome =
      takesFrames && !isPart
      ? unsafe preparation.prepare(
        view, into: session.inputBytes(inputIndex),
        unless: {
          isTaken = unsafe session.takeFrame($0, $1)
          return isTaken
        }) : unsafe preparation.prepare(view, into: session.inputBytes(inputIndex))
    if outcome == .prepared, !isTaken, !isPart { tensorFrameCount += 1 }
    return outcome
  }

  /// Computes the outputs of the prepared frame.
  public func run() { session.run() }

  /// The detections of the frame that ran, best first, in its pixels.
  /// - Parameter threshold: the lowest score that counts; the recipe's where nil.
  /// - Returns: nil where the model didn't run, as its device failed (`session.failure` says how): nothing was looked at then, which isn't the
  ///   same as nothing found.
  public func decode(threshold: Float? = nil) -> [Detection]? {
    guard !session.hasFailed else { return nil }
    return unsafe decode(threshold) { unsafe session.outputBytes($0) }
  }

  /// As `decode`, of the prepared frame that was one of several in a run.
  public func decode(_ slot: Int, in count: Int, of batch: borrowing VisionBatch<Engine>, threshold: Float? = nil) -> [Detection]? {
    guard !batch.hasFailed(count) else { return nil }
    return unsafe decode(threshold) { unsafe batch.outputBytes($0, of: slot, in: count) }
  }

  private func decode(_ threshold: Float?, _ tensors: (Int) -> UnsafeRawBufferPointer) -> [Detection] {
    unsafe decoder.decode(mapping: preparation.mapping, threshold: threshold, tensors: tensors)
    if decoder.hasNonFiniteValues { nonFiniteFrameCount += 1 }
    return decoder.detections
  }
}
