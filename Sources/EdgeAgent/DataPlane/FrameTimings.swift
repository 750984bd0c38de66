/// How long a frame spent in each stage.
public struct FrameTimings: Sendable, Equatable {
  /// From the capture's time stamp until the pipeline took the frame, and from its preparation until the pipeline had all its processors.
  public var waiting = Duration.zero
  /// Conversion and resizing into the input tensor.
  public var preparation = Duration.zero
  /// The model.
  public var inference = Duration.zero
  /// Boxes and suppression.
  public var decoding = Duration.zero

  public init() {}

  /// From the capture's time stamp to the result.
  public var total: Duration { waiting + preparation + inference + decoding }
}

/// The stages as columns of tables and members of messages.
public enum PipelineStage: String, Sendable, CaseIterable {
  case waiting, preparation, inference, decoding, total

  func duration(in timings: FrameTimings) -> Duration {
    switch self {
    case .waiting: timings.waiting
    case .preparation: timings.preparation
    case .inference: timings.inference
    case .decoding: timings.decoding
    case .total: timings.total
    }
  }
}
