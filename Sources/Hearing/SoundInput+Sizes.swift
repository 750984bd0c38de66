public import ModelManifest

extension SoundInput {
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
