import Pipelines

/// One model takes over from another.
extension PipelineWorker {
  /// What other threads read and write; under the mutex.
  struct Shared {
    var description: PipelineDescription
    var backend: BackendChoice
    /// Frames given, and those whose result is recorded or given up; the mailbox counts those that newer ones replaced.
    var given: UInt64 = 0
    var finished: UInt64 = 0
    var isPaused = false
    var degradation = 0
    /// Takes the processor's place before the next frame.
    var successor: FrameProcessor?
    /// The one before, until somebody lets it go: that takes longer than a frame should wait.
    var retired: FrameProcessor?
    /// Sees frames, too; the one before, as `retired`.
    var shadow: ShadowRun?
    var retiredShadow: ShadowRun?
    /// Since the present model's first frame.
    var usage = ModelUsage()
  }

  /// Lets another model take over between two frames. Doesn't wait for that.
  func replaceModel(by successor: FrameProcessor) {
    let left = mutex.withLock { () -> (FrameProcessor?, FrameProcessor?) in
      defer { (shared.successor, shared.retired) = (successor, nil) }
      return (shared.successor, shared.retired)
    }
    // Their memory goes here, outside the mutex.
    withExtendedLifetime(left) {}
  }

  /// - Returns: zero until a model that was given has had its first frame.
  var usage: ModelUsage { mutex.withLock { shared.successor == nil ? shared.usage : ModelUsage() } }

  /// Lets the memory of a model go that was replaced.
  func releaseRetired() {
    let retired = mutex.withLock { () -> (FrameProcessor?, ShadowRun?) in
      defer { (shared.retired, shared.retiredShadow) = (nil, nil) }
      return (shared.retired, shared.retiredShadow)
    }
    withExtendedLifetime(retired) {}
  }

  /// Lets another model see frames, too, from the next one on; nil ends that.
  func setShadow(_ shadow: ShadowRun?) {
    mutex.withLock {
      shared.retiredShadow = shared.shadow ?? shared.retiredShadow
      shared.shadow = shadow
    }
  }

  /// What runs the present model.
  var backend: BackendChoice { mutex.withLock { shared.backend } }

  /// On the worker's thread: the device has failed, and the processor runs the model from the next frame on.
  func leaveDevice() {
    processor.leaveDevice()
    let backend = processor.backend
    mutex.withLock {
      shared.backend = backend
      shared.usage.deviceTrouble = backend.trouble
    }
    log.change(.warning, of: "backend \(settings.name)", to: "pipeline \(settings.name): \(backend.trouble ?? ""); the model runs on the processor from now on")
  }

  /// On the worker's thread: another model takes over now, if there is one.
  func takeSuccessor() {
    let isReplaced = mutex.withLock { () -> Bool in
      shadow = shared.shadow
      guard let successor = shared.successor else { return false }
      shared.successor = nil
      shared.retired = processor
      processor = successor
      shared.description = PipelineDescription(settings, successor.manifest)
      shared.backend = successor.backend
      shared.usage = ModelUsage()
      shared.usage.deviceTrouble = successor.backend.trouble
      return true
    }
    // What the one before found counts for nothing any more.
    guard isReplaced else { return }
    scene?.clear()
    followed.forgetModel()
    if let plan = processor.plan { interruptInspection(for: plan) }
  }
}
