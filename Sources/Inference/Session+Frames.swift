public import CImaging

/// Frames whose pixels become an input where the model runs, on engines that do so.
extension Session where Engine: ~Copyable {
  /// As `Backend.openFrames(as:_:)`. Off the hot path, before the first frame.
  public func openFrames(as input: Int, _ pass: swl_preparation) throws(InferenceError) -> Bool { unsafe try engine.openFrames(as: input, pass) }

  /// As `Backend.takeFrame(_:_:)`. Whoever asks for `inputBytes` afterwards gives a tensor instead.
  public func takeFrame(_ pass: swl_preparation, _ source: swl_source) -> Bool { unsafe engine.takeFrame(pass, source) }
}
