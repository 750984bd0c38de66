import Hearing
import ModelManifest
import SoundFiles
import Tensors

/// Sound files as a model's input of a fixed number of frames, by its feature front end.
final class SoundPreparation {
  private var extractor: FeatureExtractor
  private let frames: Int
  private var features: [Float] = []

  /// - Parameter dimensions: of the input, as declared; sizes of 1 may stand anywhere.
  init(_ sound: SoundInput, dimensions: [Int]) throws(CompilerError) {
    do throws(HearingError) { extractor = try FeatureExtractor(sound) } catch { throw CompilerError(.invalid, error.message) }
    frames = dimensions.elementCount / extractor.valuesPerFrame
    let ends = sound.axes == .bandsFrames ? [extractor.valuesPerFrame, frames] : [frames, extractor.valuesPerFrame]
    guard dimensions.filter({ $0 != 1 }) == ends.filter({ $0 != 1 }), frames > 0, sound.frames == 0 || sound.frames == frames else {
      throw CompilerError(
        .invalid, "the recipe gives input '\(sound.tensor)' \(extractor.valuesPerFrame) values a frame, \(sound.axes.rawValue); it is \(dimensions)")
    }
  }

  /// The features of a file's beginning. Where the input has any number of frames, a shorter sound is repeated: silence that nobody recorded would
  /// have a part in every range.
  func features(of path: String) throws(CompilerError) -> [Float] {
    let isOpen = extractor.input.frames == 0
    var samples = try samples(of: path, atMost: isOpen ? extractor.sampleCount(frameCount: frames) : .max)
    if isOpen {
      let (count, heard) = (extractor.sampleCount(frameCount: frames), samples.count)
      guard heard > 0 else { throw CompilerError(.file, "\(path): is too short to be heard") }
      while samples.count < count { samples.append(samples[samples.count - heard]) }
    }
    guard extractor.extract(samples, into: &features) == frames else { throw CompilerError(.invalid, "\(path): doesn't give \(frames) frames") }
    return features
  }

  private func samples(of path: String, atMost count: Int) throws(CompilerError) -> [Float] {
    do throws(SoundFileError) { return try SoundReader.samples(of: path, sampleRate: extractor.input.sampleRate, atMost: count) } catch {
      throw CompilerError(.file, error.message)
    }
  }
}
