import Capture
import CAllocationCounter
import CUDAExecution
import Foundation
import Glibc
import Imaging
import ModelManifest
import Pipelines
import Supervision
import Synchronization
import Testing

@testable import EdgeAgent

extension CUDATests {
  /// The agent on a device, or a driver, that stands still.
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct AgentHangs {
    let device = EmulatedDevice.shared!
    private let agents = Agents()

    /// Whether a thread that loads is still there.
    private var isLoading: Bool {
      let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
      return tasks.contains { (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)) == ComputeDevices.threadName + "\n" }
    }

    /// Lets what stands still fail, and waits until nobody turns to the device any more.
    private func end() {
      device.unblock()
      while isLoading { sched_yield() }
      device.reset()
    }

    /// Calls of the driver that starting it and loading a model make, some of either.
    @Test(arguments: [1, 2, 8, 12, 40]) func `a driver that stands still while a model is loaded is left alone at the limit, and the line runs`(
      _ call: Int
    ) throws {
      device.reset()
      defer { end() }
      device.block(call: call)
      let steps = Mutex(0)
      let devices = ComputeDevices(options: device.options(), loadingLimit: .milliseconds(50))
      let processor = try FrameProcessor(
        Agents.package(), threshold: nil, threads: 1, backend: .cuda, devices: devices,
        manners: LoadingManners(onStep: { steps.withLock { $0 += 1 } }))
      #expect(processor.backend.engine == .cpu && processor.backend.trouble?.contains("doesn't answer") == true)
      #expect(steps.withLock { $0 } > 0 && devices.isLost)
      let calls = device.callCount
      #expect(try agents.processor(.auto, devices).backend.trouble == processor.backend.trouble)
      #expect(try agents.processor(.cuda, agents.devices()).backend.trouble?.contains("doesn't answer") == true, "whoever else asks")
      #expect(device.callCount == calls)
      let line = try Agents.Line(processor)
      #expect(line.next() == 2)
    }

    @Test func `a driver that stands still while a model is measured is left alone, too`() throws {
      device.reset()
      defer { end() }
      let fake = device
      let devices = ComputeDevices(options: device.options(), loadingLimit: .milliseconds(200)) { engine, body in
        if engine == .cuda { fake.block(call: 1) }
        body()
        return .milliseconds(1)
      }
      let processor = try agents.processor(.auto, devices)
      #expect(processor.backend.engine == .cpu && processor.backend.trouble?.contains("doesn't answer") == true)
      #expect(try Agents.Line(processor).next() == 2)
    }

    @Test func `a device that hangs under a pipeline costs one frame of it, and none of another's`() throws {
      device.reset()
      var options = device.options()
      options.deadline = .milliseconds(30)
      let devices = ComputeDevices(options: options)
      let lines = try (0..<2).map { _ in try Agents.Line(agents.processor(.cuda, devices)) }
      for line in lines { #expect(line.next() == 2) }
      device.hang()
      #expect(lines[0].next() == nil)
      for line in lines { #expect(line.next() == 2) }
      #expect(lines.map(\.worker.statistics.snapshot.unusable) == [1, 0])
      #expect(lines.allSatisfy { $0.worker.backend.trouble?.contains("doesn't answer") == true } && devices.isLost)
      device.reset()
    }

    @Test(.enabled(if: allocation_counter_works())) func `the first frame on the processor costs no more memory than the second`() throws {
      device.reset()
      defer { device.reset() }
      let processor = try agents.processor(.cuda, agents.devices())
      let settings = PipelineSettings(name: "p", camera: "c", modelPath: "")
      let result = FrameResult(pipeline: PipelineDescription(settings, processor.manifest), detectionLimit: processor.detectionLimit)
      let image = RGBImage(width: 160, height: 120, pixels: [UInt8](repeating: 90, count: 160 * 120 * 3))
      func look() -> (outcome: FrameOutcome, allocations: Int) {
        let before = allocation_count()
        let outcome = image.withView { processor.look(at: $0, into: result, from: MonotonicClock.now()) }
        return (outcome, Int(allocation_count() - before))
      }
      #expect(look().outcome == .seen)
      device.fail(call: 1, code: 719, isLasting: true)
      #expect(look().outcome == .deviceFailed)
      processor.leaveDevice()
      let (first, second) = (look(), look())
      #expect(first.outcome == .seen && second.outcome == .seen)
      #expect(first.allocations <= second.allocations)
    }

    @Test func `the pipeline that follows another leaves a lost device with it`() throws {
      device.reset()
      let devices = agents.devices()
      let ledger = ProgressLedger()
      let results = BoundedQueue<FrameResult>(capacity: 2 * PipelineWorker.resultCount, policy: .rejectNewest)
      let log = AgentLog(name: "test") { _ in }
      var settings = PipelineSettings(name: "second", camera: "c", modelPath: "")
      settings.after = "first"
      let follower = PipelineWorker(
        settings, processor: try agents.processor(.cuda, devices), results: results, ledger: ledger, log: log, onEnd: { _ in })
      let leader = PipelineWorker(
        PipelineSettings(name: "first", camera: "c", modelPath: ""), processor: try agents.processor(.cuda, devices), results: results,
        followers: [follower], ledger: ledger, log: log, onEnd: { _ in })
      let camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
      try leader.start()
      defer {
        leader.mailbox.close()
        leader.join()
        camera.stop()
        device.reset()
      }
      /// - Parameter count: results that are to come; the leader may be idle before the other has begun.
      func next(_ count: Int) -> [String] {
        while true {
          guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(30)) else { continue }
          leader.give(frame)
          break
        }
        var names: [String] = []
        while true {
          if let result = results.pop(timeout: .zero) {
            names.append(result.pipeline.name)
            (result.pipeline.name == "first" ? leader : follower).recycle(result)
          } else if leader.isIdle, names.count >= count {
            return names
          } else {
            sched_yield()
          }
        }
      }
      #expect(next(2) == ["first", "second"])
      device.fail(call: 1, code: 719, isLasting: true)
      #expect(next(0) == [], "a frame lost to the leader is lost to those that follow it")
      #expect(next(2) == ["first", "second"])
      #expect([follower, leader].allSatisfy { $0.backend.engine == .cpu } && follower.statistics.snapshot.unusable == 0)
    }

    /// What a pipeline's device is at the start, and whether the same configuration may be loaded again to mend it.
    @Test(arguments: [("fine", true), ("full", false), ("lost", true)])
    func `a configuration isn't unchanged where loading it again may bring a device back`(_ state: String, _ isUnchanged: Bool) async throws {
      device.reset()
      defer { device.reset() }
      let folder = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      if state == "full" { device.limitMemory(to: 1 << 10) }
      var options = AgentOptions()
      options.devices = agents.devices()
      if state == "lost" { options.devices.noteLoss("it is lost") }
      options.openModel = { _, _ throws(EdgeAgentError) in
        do { return try Agents.package() } catch { throw EdgeAgentError(.model, "\(error)") }
      }
      var pipeline = PipelineSettings(name: "p", camera: "line", modelPath: "")
      pipeline.backend = .cuda
      let configuration = AgentConfiguration(
        device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder),
        cameras: [NamedCamera(name: "line", source: .conveyor, settings: CameraSettings(size: (160, 120)))], pipelines: [pipeline])
      let found = Mutex<Bool?>(nil)
      let running = Mutex<Agent?>(nil)
      options.onStart = {
        let agent = running.withLock { $0 }
        found.withLock { $0 = agent?.isRunning(configuration) }
        agent?.stop()
      }
      let agent = Agent(options: options, log: AgentLog(name: "test") { _ in })
      running.withLock { $0 = agent }
      try await agent.run(configuration)
      #expect(found.withLock { $0 } == isUnchanged)
      #expect(agent.status?.pipelines[0].backend.trouble == nil ? state == "fine" : state != "fine")
      #expect(!fileExists(folder + "/device-in-use"), "it ended in order")
      running.withLock { $0 = nil }
    }

    @Test func `after an end without order while a device was in use it is suspected until somebody reloads, and only in the same boot`() throws {
      device.reset()
      let folder = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let (storage, path) = (StorageSettings(path: folder), folder + "/device-in-use")
      let first = agents.devices()
      #expect(!first.keep(DeviceMark(storage)) && !fileExists(path))
      var running: FrameProcessor? = try agents.processor(.cuda, first)
      #expect(running?.backend.engine == .cuda && fileExists(path))
      // Another start finds what this one has left.
      let second = agents.devices()
      #expect(second.keep(DeviceMark(storage)))
      let calls = device.callCount
      let suspected = try agents.processor(.cuda, second).backend
      #expect(suspected.engine == .cpu && suspected.trouble?.contains("suspected") == true && device.callCount == calls && !second.isLost)
      second.trustAgain()
      #expect(try agents.processor(.cuda, second).backend.engine == .cuda)
      // The last that used it takes the mark away, and so does an end in order.
      #expect(running != nil)
      running = nil
      #expect(!fileExists(path))
      running = try agents.processor(.cuda, first)
      #expect(fileExists(path))
      first.endInOrder()
      #expect(!fileExists(path) && !DeviceMark(storage).isLeft)
      try Data("another boot".utf8).write(to: URL(fileURLWithPath: path))
      #expect(!DeviceMark(storage).isLeft)
    }
  }
}
