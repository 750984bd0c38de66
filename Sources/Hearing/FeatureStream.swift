public import ModelManifest

/// A model's feature front end over sound that goes on: frames as soon as their samples have come, each computed once, and the newest of them
/// as the values of the model's input tensor.
///
/// What the manifest normalises over the utterance is normalised over the frames that are kept: the last `horizon`. As long as no more have come,
/// the values are those of `FeatureExtractor` for the same sound, to the bit. Memory is twice the horizon's. One sound at a time.
public struct FeatureStream {
  /// Frames over which values are normalised, at most.
  public let horizon: Int
  /// Frames that are known by now, since the sound's beginning.
  public private(set) var frameCount = 0
  private var extractor: FeatureExtractor
  private var samples: [Double] = []
  /// Samples before `samples`.
  private var position = 0
  /// Before pre-emphasis.
  private var last: Double?
  /// The values of the frames before `frameCount`, as they are before normalisation.
  private var kept: [Double] = []

  /// - Parameter horizon: frames, 1 at least.
  /// - Throws: where the description contradicts itself, or a frame depends on sound that comes later.
  public init(_ input: SoundInput, horizon: Int) throws(HearingError) {
    guard input.frames == 0, input.level != .peak else {
      throw HearingError(
        .invalidInput, "input \(input.tensor) takes a whole sound at its greatest level, or a fixed number of frames: it can't be heard while it goes on")
    }
    precondition(horizon >= 1)
    extractor = try FeatureExtractor(input)
    self.horizon = horizon
  }

  public var input: SoundInput { extractor.input }

  /// The least samples that make so many frames, once the sound has ended.
  public func sampleCount(frameCount: Int) -> Int { extractor.sampleCount(frameCount: frameCount) }

  /// Samples that have come.
  public var sampleCount: Int { position + samples.count }

  /// Forgets the sound.
  public mutating func reset() {
    (frameCount, position, last) = (0, 0, nil)
    samples.removeAll(keepingCapacity: true)
    kept.removeAll(keepingCapacity: true)
  }

  /// Takes what comes next.
  public mutating func add(_ next: ArraySlice<Float>) {
    for sample in next {
      let sample = Double(sample)
      samples.append(last.map { sample - Double(input.preEmphasis) * $0 } ?? sample)
      last = sample
    }
    while isNextKnown { addFrame() }
    forget()
  }

  /// Ends the sound: the frames at its end are known, too, mirrored as an utterance's are. Nothing comes behind it but `reset`.
  public mutating func end() {
    let count = extractor.frameCount(sampleCount: sampleCount)
    while frameCount < count { addFrame() }
  }

  /// Puts the newest frames, in the order of the tensor's axes, in place of what `features` held.
  /// - Precondition: so many are known, and no more than the horizon.
  public mutating func newest(_ count: Int, into features: inout [Float]) {
    let frames = min(horizon, frameCount)
    precondition(1...frames ~= count)
    extractor.values.removeAll(keepingCapacity: true)
    extractor.values += kept.suffix(frames * extractor.valuesPerFrame)
    extractor.normalise(frames: frames)
    extractor.write(frames - count..<frames, into: &features)
  }

  /// Whether all has come that the next frame is made of: one that begins before the sound mirrors the sound's beginning, about its first sample.
  private var isNextKnown: Bool {
    let first = extractor.firstSample(ofFrame: frameCount)
    return max(first + input.window, 1 - first) <= sampleCount
  }

  private mutating func addFrame() {
    swap(&extractor.prepared, &samples)
    swap(&extractor.values, &kept)
    extractor.addFrame(from: extractor.firstSample(ofFrame: frameCount) - position)
    swap(&extractor.values, &kept)
    swap(&extractor.prepared, &samples)
    frameCount += 1
  }

  /// What no later frame needs. A window is left for those that are mirrored at the end.
  private mutating func forget() {
    let unneeded = extractor.firstSample(ofFrame: frameCount) - input.window - input.hop - position
    if unneeded > max(input.window, input.hop) {
      samples.removeFirst(unneeded)
      position += unneeded
    }
    let surplus = kept.count - horizon * extractor.valuesPerFrame
    if surplus > horizon * extractor.valuesPerFrame { kept.removeFirst(surplus) }
  }
}
