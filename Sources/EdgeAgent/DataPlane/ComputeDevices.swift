import CPUExecution
import CUDAExecution
import Imaging
import Inference
import ModelManifest
import ObjectDetection
import Pipelines
import Synchronization

/// What whoever loads a model beside a line that runs has to regard.
struct LoadingManners {
  /// Called again and again while somebody waits for a device.
  var onStep: () -> Void = {}
  /// The line's: a measurement takes a turn for each run on the processor.
  var turns: ProcessorTurns?
  /// That the model takes on the processor.
  var threadCount = 1
  /// Of the frames to come, as far as anybody knows.
  var frameSize: (width: Int, height: Int)?
}

/// The devices beside the processor that pipelines' models may run on, and what became of them in this process.
final class ComputeDevices: @unchecked Sendable {
  /// Runs of a measurement on each of the two, in turn, after one that counts for nothing.
  static let roundCount = 5
  /// When so much time has passed no further round of a measurement begins.
  static let measuringLimit = Duration.seconds(2)
  /// A run that takes longer means that the device is lost. Well below the watchdog's limit, which would end the agent.
  static let deadline = Duration.seconds(5)
  /// What takes longer than this to load, in which call of the driver ever, means that the device is lost.
  static let loadingLimit = Duration.seconds(60)

  private let options: CUDAOptions
  private let loadingLimit: Duration
  private let time: @Sendable (BackendChoice.Engine, () -> Void) -> Duration
  private let mutex = PthreadMutex()
  /// Under the mutex: why this process can't use the device any more; why it doesn't use it until somebody reloads; and who is told of its use.
  private var loss: String?
  private var suspicion: String?
  private var mark: DeviceMark?
  /// Width and height, 32 bits each, of the largest frame for which there was no room.
  private let largestFrame = Atomic<UInt64>(0)

  /// - Parameter time: how long something takes that runs on one of the two.
  init(
    options: CUDAOptions = CUDAOptions(deadline: deadline), loadingLimit: Duration = loadingLimit,
    time: @escaping @Sendable (BackendChoice.Engine, () -> Void) -> Duration = { _, body in
      let begin = MonotonicClock.now()
      body()
      return begin.duration(to: MonotonicClock.now())
    }
  ) {
    (self.options, self.loadingLimit, self.time) = (options, loadingLimit, time)
  }

  /// A device failed so that no new session will work there before another process begins: nobody tries again.
  func noteLoss(_ reason: String) { mutex.withLock { loss = loss ?? reason } }

  /// Whether no reload brings the device back.
  var isLost: Bool { mutex.withLock { loss != nil } }

  /// From now on the file says whether a device is in use.
  /// - Returns: whether the agent before ended without order while it used one; then nobody turns to it before `trustAgain`.
  func keep(_ mark: DeviceMark) -> Bool {
    mutex.withLock {
      self.mark = mark
      if mark.isLeft { suspicion = "the device is suspected: the agent ended without order while it was in use; reload or restart the agent to use it again" }
    }
    return mark.isLeft
  }

  /// Somebody who knows of it wants the device used again.
  func trustAgain() { mutex.withLock { suspicion = nil } }

  /// The process ends in order.
  func endInOrder() { mutex.withLock { mark }?.clear() }

  /// A device had no room for a frame like that, or can't read it: models that are loaded from now on have room. Neither allocates nor waits.
  func note(_ view: ImageView) {
    if case .sensor = view.format { return }
    guard ImageBounds.allow(width: view.width, height: view.height) else { return }
    let before = largestFrame.load(ordering: .relaxed)
    guard view.width * view.height > Int(before >> 32) * Int(before & 0xFFFF_FFFF) else { return }
    // Where two tell at once, one does.
    _ = largestFrame.compareExchange(expected: before, desired: UInt64(view.width) << 32 | UInt64(view.height), ordering: .relaxed)
  }

  /// What models are loaded for: what the camera is asked for, and at least what came before.
  private func frameSize(_ manners: LoadingManners) -> (width: Int, height: Int) {
    let known = manners.frameSize ?? VisionModel<CUDABackend>.usualFrameSize
    let noted = largestFrame.load(ordering: .relaxed)
    return (max(known.width, Int(noted >> 32)), max(known.height, Int(noted & 0xFFFF_FFFF)))
  }

  /// A model that `open` gave is there no more.
  func noteEnd() { mutex.withLock { mark }?.end() }

  /// Loads a model there where that is wanted and can be had, and under `auto` where it is faster, too.
  ///
  /// Off the hot path: takes as long as loading and, under `auto`, a measurement do, and no longer where the driver stands still: all that is the
  /// device's runs on a thread of its own, which is left to itself at the limit.
  /// - Parameter processor: the same model, loaded on the processor.
  /// - Returns: nil where it is to run on the processor; and why. `noteEnd` is due for a model.
  func open(
    _ package: ModelPackage, as wanted: PipelineSettings.Backend, beside processor: VisionModel<CPUBackend>, _ manners: LoadingManners = LoadingManners()
  ) -> (model: VisionModel<CUDABackend>?, choice: BackendChoice) {
    var choice = BackendChoice(wanted: wanted)
    guard wanted != .cpu else { return (nil, choice) }
    if let obstacle = mutex.withLock({ loss ?? suspicion }) {
      (choice.reason, choice.trouble) = (obstacle, obstacle)
      return (nil, choice)
    }
    let mark = mutex.withLock { self.mark }
    mark?.begin()
    let model = load(package, beside: processor, manners, &choice)
    // What stands still in the driver uses the device for as long as the process lives.
    if model == nil, !CUDABackend.isGivenUp(options) { mark?.end() }
    return (model, choice)
  }

  private func load(
    _ package: ModelPackage, beside processor: VisionModel<CPUBackend>, _ manners: LoadingManners, _ choice: inout BackendChoice
  ) -> VisionModel<CUDABackend>? {
    let (options, frameSize) = (options, frameSize(manners))
    let loaded: Result<VisionModel<CUDABackend>, ObjectDetectionError>
    do throws(Obstacle) {
      loaded = try attempt(manners) {
        do throws(ObjectDetectionError) { return .success(try VisionModel(package, options: options, frameSize: frameSize)) } catch { return .failure(error) }
      }
    } catch {
      (choice.reason, choice.trouble) = (error.reason, error.reason)
      return nil
    }
    guard case .success(let model) = loaded else {
      if case .failure(let error) = loaded { note(error, &choice) }
      return nil
    }
    defer {
      if choice.engine == .cuda, let obstacle = model.frameObstacle { choice.reason += "; the processor prepares the frames: \(obstacle)" }
    }
    guard choice.wanted == .auto else {
      choice.engine = .cuda
      return model
    }
    do throws(Obstacle) {
      let (onProcessor, onDevice) = try measure(processor, model, manners)
      choice.engine = onDevice < onProcessor ? .cuda : .cpu
      choice.isModelsDoing = choice.engine == .cpu
      choice.reason = "measured \(milliseconds(onDevice)) ms a run on the device, \(milliseconds(onProcessor)) ms on the processor"
    } catch { (choice.reason, choice.trouble) = (error.reason, error.reason) }
    return choice.engine == .cuda ? model : nil
  }

  private func note(_ error: ObjectDetectionError, _ choice: inout BackendChoice) {
    choice.reason = error.message
    switch error.code {
    case .deviceLost:
      choice.trouble = error.message
      noteLoss(error.message)
    case .deviceFailed: choice.trouble = error.message
    // Where there is none, nothing is wrong with `auto`.
    case .deviceAbsent: if choice.wanted == .cuda { choice.trouble = error.message }
    case .noResources: (choice.trouble, choice.isModelsDoing) = (error.message, true)
    default: choice.isModelsDoing = true
    }
  }

  /// What keeps the device from being used.
  private struct Obstacle: Error { let reason: String }

  /// Whoever gets it is the only one to use it.
  private struct Carried<Value>: @unchecked Sendable { let value: Value }

  /// What `body` gives, on a thread of its own. Past the limit the device is lost, and nobody waits any more: the thread goes, with what it holds,
  /// when the driver lets it.
  private func attempt<Value>(_ manners: LoadingManners, _ body: @escaping () -> Value) throws(Obstacle) -> Value {
    let answer = BoundedQueue<Carried<Value>>(capacity: 1, policy: .rejectNewest)
    let work = Carried(value: body)
    let thread: DataPlaneThread
    do throws(PipelinesError) {
      thread = try DataPlaneThread(name: Self.threadName) { answer.push(Carried(value: work.value())) }
    } catch { throw Obstacle(reason: error.message) }
    let end = MonotonicClock.now().advanced(by: loadingLimit)
    while true {
      manners.onStep()
      let now = MonotonicClock.now()
      if let found = answer.pop(timeout: now < end ? min(now.duration(to: end), .seconds(1)) : .zero) {
        // What it holds of the model goes before anybody else turns to the device, and on the caller's thread.
        thread.join()
        return found.value
      }
      guard MonotonicClock.now() < end else { break }
    }
    CUDABackend.giveUpDevice(options)
    let reason = "the device doesn't answer: nothing came of \(loadingLimit) of loading; this process can't use it any more: restart it"
    noteLoss(reason)
    throw Obstacle(reason: reason)
  }

  static let threadName = "cuda-load"

  /// - Returns: medians.
  private func measure(
    _ processor: VisionModel<CPUBackend>, _ device: VisionModel<CUDABackend>, _ manners: LoadingManners
  ) throws(Obstacle) -> (onProcessor: Duration, onDevice: Duration) {
    let range = processor.manifest.rehearsalRange
    let (time, session) = (time, Carried(value: device))
    func onDevice(_ body: @escaping (VisionModel<CUDABackend>) -> Duration) throws(Obstacle) -> Duration {
      let taken = try attempt(manners) { body(session.value) }
      guard let failure = device.session.failure else { return taken }
      if failure.code == .deviceLost { noteLoss(failure.message) }
      throw Obstacle(reason: failure.message)
    }
    func onProcessor(_ body: () -> Duration) -> Duration {
      let turn = manners.turns?.begin(manners.threadCount)
      let result = body()
      _ = consume turn
      return result
    }
    // Both get the same made-up frame; a first run takes longer than the others.
    _ = onProcessor {
      _ = try? processor.session.rehearse(seed: 1, range: range)
      return .zero
    }
    _ = try onDevice {
      _ = try? $0.session.rehearse(seed: 1, range: range)
      return .zero
    }
    var (processors, devices): ([Duration], [Duration]) = ([], [])
    var spent = Duration.zero
    for _ in 0..<Self.roundCount where devices.isEmpty || spent < Self.measuringLimit {
      processors.append(onProcessor { time(.cpu) { processor.run() } })
      devices.append(try onDevice { model in time(.cuda) { model.run() } })
      spent += processors[processors.count - 1] + devices[devices.count - 1]
    }
    return (processors.sorted()[processors.count / 2], devices.sorted()[devices.count / 2])
  }

  private func milliseconds(_ duration: Duration) -> Double { (duration / .microseconds(10)).rounded() / 100 }
}
