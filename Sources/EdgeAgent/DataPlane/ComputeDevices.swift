import CPUExecution
import CUDAExecution
import Inference
import ModelManifest
import ObjectDetection
import Pipelines

/// The devices beside the processor that pipelines' models may run on, and what became of them in this process.
final class ComputeDevices: @unchecked Sendable {
  /// Runs of a measurement on each of the two, in turn, after one that counts for nothing.
  static let roundCount = 5
  /// When so much time has passed no further round of a measurement begins.
  static let measuringLimit = Duration.seconds(2)
  /// A run that takes longer means that the device is lost. Well below the watchdog's limit, which would end the agent.
  static let deadline = Duration.seconds(5)

  private let options: CUDAOptions
  private let time: @Sendable (BackendChoice.Engine, () -> Void) -> Duration
  private let mutex = PthreadMutex()
  /// Under the mutex: why this process can't use the device any more.
  private var loss: String?

  /// - Parameter time: how long something takes that runs on one of the two.
  init(
    options: CUDAOptions = CUDAOptions(deadline: deadline),
    time: @escaping @Sendable (BackendChoice.Engine, () -> Void) -> Duration = { _, body in
      let begin = MonotonicClock.now()
      body()
      return begin.duration(to: MonotonicClock.now())
    }
  ) {
    (self.options, self.time) = (options, time)
  }

  /// A device failed so that no new session will work there before another process begins: nobody tries again.
  func noteLoss(_ reason: String) { mutex.withLock { loss = loss ?? reason } }

  /// Loads a model there where that is wanted and can be had, and under `auto` where it is faster, too.
  ///
  /// Off the hot path: takes as long as loading and, under `auto`, a measurement do.
  /// - Parameter processor: the same model, loaded on the processor.
  /// - Returns: nil where it is to run on the processor; and why.
  func open(
    _ package: ModelPackage, as wanted: PipelineSettings.Backend, beside processor: VisionModel<CPUBackend>
  ) -> (model: VisionModel<CUDABackend>?, choice: BackendChoice) {
    var choice = BackendChoice(wanted: wanted)
    guard wanted != .cpu else { return (nil, choice) }
    if let loss = mutex.withLock({ loss }) {
      (choice.reason, choice.trouble) = (loss, loss)
      return (nil, choice)
    }
    let model: VisionModel<CUDABackend>
    do throws(ObjectDetectionError) { model = try VisionModel(package, options: options) } catch {
      choice.reason = error.message
      if error.code == .deviceLost {
        choice.trouble = error.message
        noteLoss(error.message)
      }
      // Without a driver there is nothing wrong with `auto`.
      if error.code == .deviceFailed, wanted == .cuda || isPresent { choice.trouble = error.message }
      return (nil, choice)
    }
    guard wanted == .auto else {
      choice.engine = .cuda
      return (model, choice)
    }
    switch measure(processor, model) {
    case .failed(let failure):
      (choice.reason, choice.trouble) = (failure, failure)
      return (nil, choice)
    case .measured(let onProcessor, let onDevice):
      let isFaster = onDevice < onProcessor
      choice.engine = isFaster ? .cuda : .cpu
      choice.reason = "measured \(milliseconds(onDevice)) ms a run on the device, \(milliseconds(onProcessor)) ms on the processor"
      return (isFaster ? model : nil, choice)
    }
  }

  /// Whether there is a driver at all.
  private var isPresent: Bool { CUDABackend.hasDriver(options) }

  private enum Measurement {
    case failed(String)
    /// Medians.
    case measured(Duration, Duration)
  }

  private func measure(_ processor: VisionModel<CPUBackend>, _ device: VisionModel<CUDABackend>) -> Measurement {
    let range = processor.manifest.rehearsalRange
    // Both get the same made-up frame; a first run takes longer than the others.
    _ = try? processor.session.rehearse(seed: 1, range: range)
    _ = try? device.session.rehearse(seed: 1, range: range)
    var (onProcessor, onDevice): ([Duration], [Duration]) = ([], [])
    var spent = Duration.zero
    for _ in 0..<Self.roundCount where onDevice.isEmpty || spent < Self.measuringLimit {
      guard !device.session.hasFailed else { break }
      onProcessor.append(time(.cpu) { processor.run() })
      onDevice.append(time(.cuda) { device.run() })
      spent += onProcessor[onProcessor.count - 1] + onDevice[onDevice.count - 1]
    }
    if let failure = device.session.failure {
      if failure.code == .deviceLost { noteLoss(failure.message) }
      return .failed(failure.message)
    }
    return .measured(onProcessor.sorted()[onProcessor.count / 2], onDevice.sorted()[onDevice.count / 2])
  }

  private func milliseconds(_ duration: Duration) -> Double { (duration / .microseconds(10)).rounded() / 100 }
}
