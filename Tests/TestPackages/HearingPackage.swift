import ModelFormat
public import ModelManifest
import Tensors

/// A package that takes every sound for the same word: its output is a constant, so tests of everything around it know what must come out.
public enum HearingPackage {
  public static let labels = ["stop", "start", "unknown"]

  /// The file's bytes.
  ///
  /// - Parameter probability: of the first word; the third has the rest.
  public static func bytes(probability: Float = 0.75, task: Manifest.Task = .classification, sampleRate: Int = 16_000) -> [UInt8] {
    let scores: [Float] = [probability, 0, 1 - probability, 0]
    return PackageWriter.file([
      (.manifest, FixedPackage.encoded(manifest(task, sampleRate))), (.program, program.encoded()),
      (.weights, scores.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }),
    ])
  }

  private static func manifest(_ task: Manifest.Task, _ sampleRate: Int) -> Manifest {
    var sound = SoundInput(tensor: "mel", sampleRate: sampleRate, features: .logMel)
    (sound.window, sound.hop, sound.transform, sound.bands, sound.frames) = (256, 128, 256, 8, 4)
    (sound.highestFrequency, sound.logOffset) = (8000, 1e-6)
    return Manifest(
      name: "words", version: "1", task: task, labels: labels, sound: sound, decoding: .classification(ClassificationDecoding(output: "scores")))
  }

  private static let program = Program(
    tensors: [
      TensorDescription(name: "mel", elementType: .float32, dimensions: [1, 8, 4], storage: .arena(offset: 0)),
      TensorDescription(name: "scores", elementType: .float32, dimensions: [1, 3], storage: .weights(offset: 0)),
    ],
    inputs: [Port(name: "mel", tensor: 0, declaredType: .float32, declaredDimensions: [1, 8, 4], permutation: [0, 1, 2])],
    outputs: [Port(name: "scores", tensor: 1, declaredType: .float32, declaredDimensions: [1, 3], permutation: [0, 1])],
    instructions: [], arenaByteCount: 128)

  /// A WAV file of 16 kHz: a loud tone of 0.4 s between silences of as long. Made once: unoptimised builds take their time.
  public static let spokenWAV: [UInt8] = {
    func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    var data: [UInt8] = []
    for index in 0..<19_200 {
      // A little noise, which stands for the room's: without one nothing tells speech from it.
      let noise = (index &* index &* 2_654_435_761 &+ index &* 40_503) >> 8 & 255 - 128
      let sample = 6400..<12_800 ~= index ? (index % 32 < 16 ? 9000 : -9000) + noise : noise
      data.append(UInt8(truncatingIfNeeded: sample))
      data.append(UInt8(truncatingIfNeeded: sample >> 8))
    }
    let format = bytes(1, 2) + bytes(1, 2) + bytes(16_000, 4) + bytes(32_000, 4) + bytes(2, 2) + bytes(16, 2)
    return Array("RIFF".utf8) + bytes(36 + data.count, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4) + format + Array("data".utf8) + bytes(data.count, 4) + data
  }()
}
