public import CImaging

/// Frames whose pixels become an input where the model runs, on engines that do so.
extension Session where Engine: ~Copyable {
  /// As `Backend.openFrames(as:_:upTo:)`. Off the hot path. What was opened before is closed, and so it is by `bind`: until it is opened anew, runs
  /// take the tensor.
  public func openFrames(as input: Int, _ pass: swl_preparation, upTo size: (width: Int, height: Int)) throws(InferenceError) -> Bool {
    unsafe try engine.openFrames(as: input, pass, upTo: size)
  }

  /// As `Backend.takeFrame(_:_:)`. Whoever asks for that input's `inputBytes` afterwards gives a tensor instead.
  public func takeFrame(_ pass: swl_preparation, _ source: swl_source) -> Bool { unsafe engine.takeFrame(pass, source) }
}
