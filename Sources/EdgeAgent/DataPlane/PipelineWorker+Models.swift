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
    /// Of the pipeline's own model, not its lighter one: since its first frame.
    var usage = ModelUsage()
    /// Whether the lighter model runs, and how often it has changed.
    var isLight = false
    var switchCount = 0
    /// Whether the lighter model finds the same things as the other: one that comes from the fleet may find others.
    var isLighterFit = true
    /// Whether the pipeline's own model has to prove itself.
    var isOnTrial = false
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
      if !shared.isLight { shared.usage.deviceTrouble = backend.trouble }
    }
    log.change(.warning, of: "backend \(settings.name)", to: "pipeline \(settings.name): \(backend.trouble ?? ""); the model runs on the processor from now on")
  }

  /// Counts a frame that the processor prepared though a device runs the model; tells of a model's first.
  func tellPreparation(_ result: FrameResult) {
    guard result.isPreparedAside, !result.isReused else { return }
    statistics.countPreparedAside()
    guard !hasToldPreparation else { return }
    hasToldPreparation = true
    log.log(
      .notice,
      "pipeline \(settings.name): the processor prepares frames of \(result.frameWidth)x\(result.frameHeight), which the device that runs the model has no room for or can't read; where room is missing, it is there when the model is loaded the next time",
      subject: "preparation \(settings.name)", about: [.pipeline(settings.name)])
  }

  /// On the worker's thread: another model takes over now, if there is one, and the lighter one or the other as the machine's strain has it.
  func takeSuccessor() {
    let before = processor
    mutex.withLock {
      shadow = shared.shadow
      takeOver()
      let isLight = wantsLighter
      if isLight != shared.isLight, let other = standby {
        (processor, standby) = (other, processor)
        shared.isLight = isLight
        shared.switchCount += 1
      }
      if processor !== before {
        shared.description = PipelineDescription(settings, processor.manifest)
        shared.backend = processor.backend
      }
    }
    // What the one before found counts for nothing any more.
    guard processor !== before else { return }
    before.batch?.excuse(before.batchMember)
    scene?.clear()
    hasToldPreparation = false
    followed.forgetModel()
    if let plan = processor.plan { interruptInspection(for: plan) }
  }

  /// Under the mutex: a successor takes the place of the pipeline's own model, whether that runs or stands by.
  private func takeOver() {
    guard let successor = shared.successor else { return }
    shared.successor = nil
    shared.usage = ModelUsage()
    (shared.usage.deviceTrouble, shared.usage.isKeptOffDevice) = (successor.backend.trouble, successor.backend.isModelsDoing)
    guard let lighter = shared.isLight ? processor : standby else {
      (shared.retired, processor) = (processor, successor)
      return
    }
    shared.isOnTrial = true
    shared.isLighterFit = successor.finds(asIn: lighter)
    if shared.isLight { (shared.retired, standby) = (standby, successor) } else { (shared.retired, processor) = (processor, successor) }
  }
}

/// A lighter model, which runs while the machine is strained.
extension PipelineWorker {
  /// Under the mutex. A model that has to prove itself, or is compared with, runs itself.
  private var wantsLighter: Bool {
    hasLighter && !keepsAll && shared.degradation > 0 && shared.isLighterFit && !shared.isOnTrial && shared.shadow == nil
  }

  /// Whether the lighter model has run the last frame. One that is wanted takes over with the next.
  var runsLighter: Bool { mutex.withLock { shared.isLight } }

  /// The same, and how often one has taken over from the other so far.
  var lighterSwitches: (isLight: Bool, count: Int) { mutex.withLock { (shared.isLight, shared.switchCount) } }

  /// Whether an update of the pipeline's own model is being tried.
  var isOnTrial: Bool {
    get { mutex.withLock { shared.isOnTrial } }
    set { mutex.withLock { shared.isOnTrial = newValue } }
  }

  /// The step by which frames are left out: the lighter model stands for the first.
  var throttleStep: Int { mutex.withLock { shared.degradation - (shared.isLight && shared.degradation > 0 ? 1 : 0) } }
}

extension FrameProcessor {
  /// Whether what it finds means the same as what another finds.
  func finds(asIn other: FrameProcessor) -> Bool { manifest.task == other.manifest.task && manifest.labels == other.manifest.labels }
}
