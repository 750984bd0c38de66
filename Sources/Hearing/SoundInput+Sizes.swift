public import ModelManifest

extension SoundInput {
  /// Of a model that hears in blocks of `chunk` samples: the values of a block, its samples or its frames' bands; nil where they aren't whole.
  public var valuesPerBlock: Int? {
    switch features {
    case .waveform: return chunk
    case .logMel:
      guard frames == 0, axes == .framesBands, isCentred, 1...65_536 ~= hop, 1...1 << 20 ~= chunk, chunk % hop == 0, 1...4096 ~= bands else { return nil }
      return chunk / hop * bands
    case .mfcc: return nil
    }
  }

  /// Refuses sizes that no recipe may give, so that whatever is computed of them stays within bounds: a package's manifest may say anything.
  public func checkSizes() throws(HearingError) {
    let sizes: [(String, Int, ClosedRange<Int>)] =
      [("sample rate", sampleRate, 1000...384_000), ("frames", frames, 0...1 << 20)]
      + (features == .waveform ? [("chunk", chunk, 1...1 << 24), ("context", context, 0...1 << 20)] : [("hop", hop, 1...65_536)])
    for (name, size, bounds) in sizes where !bounds.contains(size) {
      throw HearingError(
        .invalidInput, "input \(tensor) has a \(name) of \(size), which must be from \(bounds.lowerBound) to \(bounds.upperBound): compile it anew")
    }
  }
}
