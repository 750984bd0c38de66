import CUDAExecution
import Capture
import Foundation
import Glibc
import ModelFormat
import ModelManifest
import Pipelines
import Supervision
import Synchronization
import TestPackages
import Testing

@testable import EdgeAgent

extension CUDATests {
  /// The agent's pipelines on a device that fails at will.
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct Agents {
    let device = EmulatedDevice.shared!

    static func package() throws -> ModelPackage { try ModelPackage(FixedPackage.bytes(), origin: "fixed") }

    /// - Parameter times: of a run on the processor and on the device, in place of measured ones.
    func devices(_ times: (cpu: Duration, cuda: Duration)? = nil, driver: String? = nil) -> ComputeDevices {
      var options = device.options()
      if let driver { options.driverPath = driver }
      guard let times else { return ComputeDevices(options: options) }
      return ComputeDevices(options: options) { engine, body in
        body()
        return engine == .cpu ? times.cpu : times.cuda
      }
    }

    func processor(
      _ wanted: PipelineSettings.Backend, _ devices: ComputeDevices, of package: ModelPackage? = nil, threads: Int = 1
    ) throws -> FrameProcessor {
      try FrameProcessor(package ?? Self.package(), threshold: nil, threads: threads, backend: wanted, devices: devices)
    }

    /// A pipeline that is fed frame by frame.
    final class Line {
      let turns: ProcessorTurns
      let results = BoundedQueue<FrameResult>(capacity: PipelineWorker.resultCount, policy: .rejectNewest)
      let worker: PipelineWorker
      private let camera: any CameraSource

      init(
        _ processor: FrameProcessor, lighter: FrameProcessor? = nil, turns: ProcessorTurns = ProcessorTurns(processorCount: 1),
        onLine: @escaping @Sendable (String) -> Void = { _ in }
      ) throws {
        self.turns = turns
        worker = PipelineWorker(
          PipelineSettings(name: "p", camera: "c", modelPath: ""), processor: processor, lighter: lighter, turns: turns, results: results,
          ledger: ProgressLedger(),
          log: AgentLog(name: "test", write: onLine), onEnd: { _ in })
        camera = try openCamera("simulated:conveyor", settings: CameraSettings(size: (160, 120), frameRate: .infinity))
        try worker.start()
      }

      deinit {
        worker.mailbox.close()
        worker.join()
        camera.stop()
      }

      func give() {
        while true {
          guard case .frame(let frame) = camera.nextFrame(timeout: .seconds(30)) else { continue }
          return worker.give(frame)
        }
      }

      /// - Returns: how many things a frame's result has; nil where it gave none.
      func next() -> Int? {
        give()
        while true {
          if let result = results.pop(timeout: .zero) {
            defer { worker.recycle(result) }
            return result.detections.count
          }
          if worker.isIdle { return nil }
          sched_yield()
        }
      }
    }

    @Test func `a pipeline whose device is lost misses that one frame, and goes on on the processor for as long as the process lives`() throws {
      device.reset()
      let devices = devices()
      let said = Mutex<[String]>([])
      let line = try Line(processor(.cuda, devices)) { text in said.withLock { $0.append(text) } }
      let launched = device.launchedGraphCount
      for _ in 0..<3 { #expect(line.next() == 2) }
      #expect(device.launchedGraphCount == launched + 3 && line.worker.backend.engine == .cuda)
      #expect(line.worker.usage.isOfDevice && line.worker.usage.deviceTrouble == nil)
      device.fail(call: 1, code: 719, isLasting: true)
      #expect(line.next() == nil)
      for _ in 0..<3 { #expect(line.next() == 2) }
      #expect(device.launchedGraphCount == launched + 3)
      let statistics = line.worker.statistics.snapshot
      #expect(statistics.unusable == 1 && statistics.processed == 6)
      let backend = line.worker.backend
      #expect(backend.engine == .cpu && backend.wanted == .cuda && backend.trouble?.contains("(719)") == true)
      #expect(line.worker.usage.deviceTrouble == backend.trouble && line.worker.usage.frames == 6)
      #expect(said.withLock { $0.contains { $0.contains("the model runs on the processor from now on") } })
      let calls = device.callCount
      let next = try processor(.cuda, devices)
      #expect(next.backend.engine == .cpu && next.backend.trouble == backend.trouble)
      #expect(device.callCount == calls, "nobody turns to a lost device again")
    }

    @Test func `several pipelines share the device, and when it is lost each goes on on the processor`() throws {
      device.reset()
      let devices = devices()
      let lines = try (0..<3).map { _ in try Line(processor(.cuda, devices)) }
      let launched = device.launchedGraphCount
      for line in lines { for _ in 0..<4 { line.give() } }
      // The newest frame wins: each gives at least one result.
      for line in lines {
        let result = try #require(line.results.pop(timeout: .seconds(30)))
        #expect(result.detections.count == 2)
        line.worker.recycle(result)
        while !line.worker.isIdle {
          if let more = line.results.pop(timeout: .zero) { line.worker.recycle(more) } else { sched_yield() }
        }
      }
      #expect(device.launchedGraphCount >= launched + 3)
      device.fail(call: 1, code: 719, isLasting: true)
      #expect(lines[0].next() == nil)
      for line in lines { #expect(line.next() == 2) }
      #expect(lines.map(\.worker.statistics.snapshot.unusable) == [1, 0, 0], "what one has found out costs no frame of another")
      #expect(lines.allSatisfy { $0.worker.backend.engine == .cpu && $0.worker.backend.trouble?.contains("(719)") == true })
      device.reset()
    }

    @Test func `what happens to a lighter model's device isn't told of the pipeline's own`() throws {
      device.reset()
      let devices = devices()
      let line = try Line(processor(.cpu, devices), lighter: processor(.cuda, devices))
      #expect(line.next() == 2 && line.worker.backend.engine == .cpu)
      line.worker.degradation = 1
      #expect(line.next() == 2 && line.worker.runsLighter && line.worker.backend.engine == .cuda)
      #expect(!line.worker.usage.isOfDevice)
      device.fail(call: 1, code: 2, isLasting: false)
      #expect(line.next() == nil)
      #expect(line.next() == 2 && line.worker.runsLighter && line.worker.backend.engine == .cpu && line.worker.backend.trouble != nil)
      #expect(line.worker.usage.deviceTrouble == nil && line.worker.usage.frames == 1)
      line.worker.degradation = 0
      #expect(line.next() == 2 && line.worker.backend.trouble == nil && line.worker.usage.frames == 2)
    }

    @Test func `a device that failed for once is taken again with the next model`() throws {
      device.reset()
      let devices = devices()
      let line = try Line(processor(.cuda, devices))
      #expect(line.next() == 2)
      device.fail(call: 1, code: 2, isLasting: false)
      #expect(line.next() == nil)
      #expect(line.next() == 2 && line.worker.backend.engine == .cpu)
      line.worker.replaceModel(by: try processor(.cuda, devices))
      #expect(line.next() == 2)
      #expect(line.worker.backend.engine == .cuda && line.worker.usage.deviceTrouble == nil && line.worker.usage.frames == 1)
    }

    @Test func `while the device computes the pipeline's processors are others'`() throws {
      device.reset()
      let line = try Line(processor(.cuda, devices(), threads: 4))
      #expect(line.next() == 2)
      let launched = device.launchedGraphCount
      device.hang()
      line.give()
      while device.launchedGraphCount == launched { sched_yield() }
      let isFree = line.turns.beginIfFree(line.turns.processorCount) != nil
      #expect(isFree)
      device.hang(false)
      let result = try #require(line.results.pop(timeout: .seconds(30)))
      line.worker.recycle(result)
    }

    @Test func `auto takes what is measured to be faster, and says the times`() throws {
      device.reset()
      let onDevice = try processor(.auto, devices((.milliseconds(9), .milliseconds(2))))
      #expect(onDevice.backend.engine == .cuda && onDevice.backend.reason == "measured 2.0 ms a run on the device, 9.0 ms on the processor")
      #expect(onDevice.threadCount == 1)
      let onProcessor = try processor(.auto, devices((.milliseconds(2), .milliseconds(2))), threads: 3)
      #expect(onProcessor.backend.engine == .cpu && !onProcessor.backend.isSecondBest && onProcessor.threadCount == 3)
      #expect(onProcessor.backend.reason.contains("2.0 ms on the processor"))
    }

    @Test func `a measurement ends after its rounds, or when its time is over`() throws {
      device.reset()
      for (time, count) in [(Duration.milliseconds(1), ComputeDevices.roundCount), (.seconds(3), 1)] {
        let runs = Mutex(0)
        let devices = ComputeDevices(options: device.options()) { engine, body in
          body()
          if engine == .cuda { runs.withLock { $0 += 1 } }
          return time
        }
        _ = try processor(.auto, devices)
        #expect(runs.withLock { $0 } == count)
      }
    }

    @Test func `a device that fails while it is measured is out of the question`() throws {
      device.reset()
      let fake = device
      let devices = ComputeDevices(options: device.options()) { engine, body in
        if engine == .cuda { fake.fail(call: 1, code: 719, isLasting: true) }
        body()
        return .milliseconds(engine == .cpu ? 9 : 1)
      }
      let chosen = try processor(.auto, devices)
      #expect(chosen.backend.engine == .cpu && chosen.backend.trouble?.contains("(719)") == true)
      #expect(try processor(.cuda, devices).backend.trouble == chosen.backend.trouble)
      device.reset()
    }

    @Test func `a device that is lost while a model is loaded is left alone from then on`() throws {
      device.reset()
      let devices = devices()
      device.fail(call: 30, code: 719, isLasting: true)
      let chosen = try processor(.cuda, devices).backend
      #expect(chosen.engine == .cpu && chosen.trouble?.contains("(719)") == true)
      device.reset()
      #expect(try processor(.auto, devices).backend.trouble == chosen.trouble)
      #expect(device.callCount == 0)
    }

    @Test func `where no device can be had the processor runs the model, and that is wrong only where a device was asked for`() throws {
      device.reset()
      let without = devices(driver: "/nowhere/libcuda.so.1")
      let auto = try processor(.auto, without).backend
      #expect(auto.engine == .cpu && auto.trouble == nil && !auto.isSecondBest && auto.reason.contains("no CUDA driver"))
      device.reset(devices: 0)
      #expect(try processor(.auto, devices()).backend.alarm == nil, "a driver without a device is no trouble")
      #expect(try processor(.cuda, devices()).backend.alarm?.contains("no CUDA-capable device") == true)
      device.reset(capability: (7, 0))
      #expect(try processor(.auto, devices()).backend.alarm == nil, "nor is a program without code for it")
      let cuda = try processor(.cuda, without).backend
      #expect(cuda.engine == .cpu && cuda.trouble?.contains("no CUDA driver") == true)
      device.reset(driver: 10_020)
      #expect(try processor(.auto, devices()).backend.trouble?.contains("serves CUDA 10.2") == true)
      device.reset()
      device.limitMemory(to: 1 << 10)
      let full = try processor(.cuda, devices()).backend
      #expect(full.engine == .cpu && full.trouble?.contains("out of memory") == true && full.isModelsDoing)
      device.reset()
    }

    @Test func `a model with what has no kernel runs on the processor, and the device isn't blamed`() throws {
      device.reset()
      var program = FixedPackage.program
      let first = TensorIndex(program.tensors.count)
      program.tensors += [
        TensorDescription(name: "gates", elementType: .float32, dimensions: [1, 1, 1], storage: .arena(offset: 12_288)),
        TensorDescription(name: "weights", elementType: .float32, dimensions: [1, 1], storage: .weights(offset: 0)),
        TensorDescription(name: "states", elementType: .float32, dimensions: [2, 1, 1, 1], storage: .arena(offset: 12_352)),
      ]
      var recurrence = Recurrence(kind: .simple, gates: first, weights: first + 1, states: first + 2)
      recurrence.functions.0 = .elu
      program.instructions = [.fill(Fill(output: first, pattern: 0)), .recurrence(recurrence)]
      program.arenaByteCount = 24_576
      let bytes = PackageWriter.file([
        (.manifest, FixedPackage.encoded(FixedPackage.manifest(name: "fixed", threshold: 0.3))), (.program, program.encoded()),
        (.weights, FixedPackage.weights),
      ])
      let package = try ModelPackage(bytes, origin: "elu")
      let backend = try processor(.cuda, devices(), of: package).backend
      #expect(backend.alarm == backend.reason && backend.isModelsDoing)
      #expect(
        backend.engine == .cpu && backend.isSecondBest && backend.trouble == nil && backend.reason.contains("no kernel for a recurrence with the function elu"))
      #expect(try !processor(.auto, devices(), of: package).backend.isSecondBest)
    }

    @Test func `an agent whose device fails under way records all other frames, and its status says what runs where`() async throws {
      device.reset()
      let folder = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let fake = device
      let seen = Mutex(0)
      var options = AgentOptions()
      options.devices = devices()
      options.openModel = { _, _ throws(EdgeAgentError) in
        do { return try Self.package() } catch { throw EdgeAgentError(.model, "\(error)") }
      }
      options.onResult = { _ in
        if seen.withLock({ count -> Bool in
          count += 1
          return count == 3
        }) {
          fake.fail(call: 1, code: 719, isLasting: true)
        }
      }
      var pipeline = PipelineSettings(name: "p", camera: "line", modelPath: "")
      (pipeline.backend, pipeline.frameCount) = (.cuda, 8)
      var camera = CameraSettings(size: (160, 120))
      camera.frameRate = 100
      let configuration = AgentConfiguration(
        device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder),
        cameras: [NamedCamera(name: "line", source: .conveyor, settings: camera)], pipelines: [pipeline])
      let agent = Agent(options: options, log: AgentLog(name: "test") { _ in })
      try await agent.run(configuration)
      let status = try #require(agent.status)
      let statistics = status.pipelines[0].statistics
      #expect(statistics.processed == 8 && statistics.unusable == 1 && status.recorded == 8)
      #expect(status.pipelines[0].backend.engine == .cpu && status.pipelines[0].backend.trouble?.contains("(719)") == true)
      let document = String(decoding: StatusDocument(status, configuration, at: MonotonicClock.wallTime()).encoded, as: UTF8.self)
      #expect(document.contains("\"backend\":{\"runs_on\":\"cpu\",\"wanted\":\"cuda\",\"reason\":\"the device failed\",\"trouble\":\""))
      let metrics = String(decoding: AgentMetrics(status, configuration).text, as: UTF8.self)
      #expect(metrics.contains("swiftlet_pipeline_device_trouble{pipeline=\"p\"} 1") && metrics.contains("swiftlet_pipeline_on_device{pipeline=\"p\"} 0"))
      device.reset()
    }
  }
}
