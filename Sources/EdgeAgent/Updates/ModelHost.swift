import ModelManifest

/// Where models run, as updates see it.
protocol ModelHost: AnyObject, Sendable {
  /// Makes a package ready for every pipeline that runs the model of this name; nothing changes yet.
  ///
  /// - Parameter onStep: called again and again meanwhile: it may take a while.
  /// - Throws: where it doesn't fit one of them, or its rules.
  func prepare(_ package: ModelPackage, as name: String, onStep: () -> Void) throws(EdgeAgentError) -> PreparedSwitch
  /// Lets each pipeline go over to it between two frames. Doesn't wait for that.
  func commit(_ prepared: PreparedSwitch)
  /// Lets a package look at frames of a pipeline that runs the model of this name, until `endShadow`; nil where none runs.
  ///
  /// - Parameter onFrame: called after each that was compared, on the shadow's thread.
  /// - Throws: `.model` where it doesn't fit the pipeline.
  func beginShadow(
    _ package: ModelPackage, of name: String, frameCount: Int, onFrame: @escaping @Sendable () -> Void
  ) throws(EdgeAgentError) -> ShadowRun?
  func endShadow(of name: String)
  /// Lets the memory of models go that were replaced.
  func releaseRetired()
  /// What the pipelines with this model have done since they went over to the present package.
  func usage(of name: String) -> ModelUsage
}

/// A model that only needs to be put into its pipelines.
struct PreparedSwitch: Sendable {
  let processors: [(pipeline: String, processor: FrameProcessor)]
  /// Whether a pipeline has waited for this model, and must be begun.
  let hasWaiting: Bool
}

/// Frames since a switch.
struct ModelUsage: Equatable, Sendable {
  var frames: UInt64 = 0
  /// Of these frames but the untimed; on a device with what makes the input of a frame there.
  var inference = Duration.zero
  /// Run-time indices outside their tensors.
  var faults: UInt64 = 0
  /// Of these frames, those whose outputs or boxes held infinities or what is no number.
  var nonFiniteFrames: UInt64 = 0
  /// Whether every pipeline with the model is told to pause.
  var isPaused = false
  /// What is wrong with a device that was to run the model in one of the pipelines, and whether a device has run any of these frames.
  var deviceTrouble: String?
  var isOfDevice = false
  /// Of the frames, those that ran together with others'.
  var untimedFrames: UInt64 = 0
  /// Whether the model itself is why a device doesn't run it in one of them.
  var isKeptOffDevice = false

  /// Nil before there are enough to say, and where a device ran some of them and failed.
  var meanInference: Duration? {
    let timed = frames - min(untimedFrames, frames)
    return !(deviceTrouble != nil && isOfDevice) && timed >= Self.enoughFrames ? inference / Double(timed) : nil
  }

  static let enoughFrames: UInt64 = 30
}
