import Transcription

/// Speech wherever a sample isn't 0.
final class PlainDetector: VoiceActivityDetector {
  let sampleRate: Int
  let chunkLength = 10
  init(sampleRate: Int = 1000) { self.sampleRate = sampleRate }
  func probability(of chunk: ArraySlice<Float>) -> Float { chunk.contains { $0 != 0 } ? 1 : 0 }
  func reset() {}
}
