/// Tells, a chunk at a time, how likely somebody speaks. One sound and one thread at a time.
public protocol VoiceActivityDetector: AnyObject {
  /// Samples a second that it takes.
  var sampleRate: Int { get }
  /// Samples that it takes at a time.
  var chunkLength: Int { get }

  /// The probability of speech in the newest chunk, 0…1; never a number that isn't one.
  /// - Precondition: `chunk` has `chunkLength` samples, mono, −1…1.
  func probability(of chunk: ArraySlice<Float>) -> Float

  /// Forgets what was heard: the next chunk begins another sound.
  func reset()
}
