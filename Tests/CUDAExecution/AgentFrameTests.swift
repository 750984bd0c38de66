import CUDAExecution
import Capture
import Foundation
import Glibc
import Imaging
import ModelManifest
import ObjectDetection
import Pipelines
import Synchronization
import TestPackages
import Testing

@testable import EdgeAgent

extension CUDATests {
  /// Frames on their way from the camera through a device, and what goes on meanwhile.
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct AgentFrames {
    let device = EmulatedDevice.shared!
    private let agents = Agents()

    @Test func `a pipeline's frames are prepared on the device, and parts of frames on the processor, with the same scores`() throws {
      device.reset()
      let package = try ModelPackage(ColourPackage.bytes(), origin: "colours")
      func result(_ processor: FrameProcessor) -> FrameResult {
        FrameResult(
          pipeline: PipelineDescription(PipelineSettings(name: "p", camera: "c", modelPath: ""), processor.manifest), detectionLimit: processor.detectionLimit)
      }
      let onDevice = try agents.processor(.cuda, agents.devices(), of: package)
      let onProcessor = try agents.processor(.cpu, agents.devices(), of: package)
      let (ours, theirs) = (result(onDevice), result(onProcessor))
      for seed in UInt64(1)...3 {
        let frame = MadeUpFrame(.yuyv, 48, 32, seed: seed)
        frame.withView { view in
          let before = (device.copiedByteCount, device.copyCount, device.launchedGraphCount)
          #expect(onDevice.look(at: view, into: ours, from: MonotonicClock.now()) == .seen)
          #expect(seed == 1 || device.copiedByteCount == before.0 + 48 * 2 * 2 && device.copyCount == before.1 + 1)
          #expect(device.launchedGraphCount == before.2 + 1)
          #expect(onProcessor.look(at: view, into: theirs, from: MonotonicClock.now()) == .seen)
          #expect(ours.detections == theirs.detections && !ours.detections.isEmpty)
          let copied = device.copiedByteCount
          let part = view.cropped(to: PixelRectangle(x: 10, y: 10, width: 20, height: 10))!.view
          #expect(onDevice.add(part, x: 10, y: 10, of: Box(x: 0, y: 0, width: 1, height: 1), to: ours) == .seen)
          #expect(device.copiedByteCount == copied + 3 * 4, "one prepared pixel")
          #expect(onProcessor.add(part, x: 10, y: 10, of: Box(x: 0, y: 0, width: 1, height: 1), to: theirs) == .seen)
          #expect(ours.detections == theirs.detections)
        }
      }
    }

    @Test func `what a frame costs on the device is measured with its pixels on their way, and told where the device doesn't run the model`() throws {
      device.reset()
      let package = try Agents.package()
      let frame = MadeUpFrame(.yuyv, 64, 48)
      let costs = try frame.withView { view in
        Result { try FrameCosts(of: view, with: package, threads: 1, devices: agents.devices(), duration: .milliseconds(10)) }
      }.get()
      #expect(costs.frameCount > 0 && costs.detectionCount == 2)
      #expect(device.copyCount >= costs.frameCount && device.launchedGraphCount > costs.frameCount)
      device.reset(devices: 0)
      let error = frame.withView { view in
        #expect(throws: EdgeAgentError.self) {
          _ = try FrameCosts(of: view, with: package, threads: 1, devices: agents.devices(), duration: .milliseconds(10))
        }
      }
      #expect(error?.message.contains("no CUDA-capable device") == true)
      device.reset()
    }

    /// Neither ends before both were launched.
    @Test func `two pipelines that share one processor have frames on the device at once`() throws {
      device.reset()
      let devices = agents.devices()
      let turns = ProcessorTurns(processorCount: 1)
      let lines = try (0..<2).map { _ in try Agents.Line(agents.processor(.cuda, devices), turns: turns) }
      for _ in 0..<3 {
        device.gather(2)
        for line in lines { line.give() }
        for line in lines {
          let result = try #require(line.results.pop(timeout: .seconds(30)))
          #expect(result.detections.count == 2)
          line.worker.recycle(result)
        }
      }
      #expect(lines.allSatisfy { $0.worker.backend.engine == .cuda && $0.worker.statistics.snapshot.processed == 3 })
    }

    @Test func `the camera goes on while the device computes`() async throws {
      device.reset()
      defer { device.reset() }
      let folder = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      // The first two launches are loading's; the second frame's run doesn't end until it is told to, however long that takes here.
      device.hang(from: 4)
      var options = AgentOptions()
      var patient = device.options()
      patient.deadline = .seconds(3600)
      options.devices = ComputeDevices(options: patient)
      options.openModel = { _, _ throws(EdgeAgentError) in
        do { return try Agents.package() } catch { throw EdgeAgentError(.model, "\(error)") }
      }
      var pipeline = PipelineSettings(name: "p", camera: "line", modelPath: "")
      (pipeline.backend, pipeline.frameCount) = (.cuda, 5)
      var camera = CameraSettings(size: (160, 120))
      camera.frameRate = 200
      let configuration = AgentConfiguration(
        device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder),
        cameras: [NamedCamera(name: "line", source: .conveyor, settings: camera)], pipelines: [pipeline])
      let agent = Agent(options: options, log: AgentLog(name: "test") { _ in })
      let ending = Ending()
      let running = Task {
        defer { ending.isOver.withLock { $0 = true } }
        try await agent.run(configuration)
      }
      func wait(until isDone: () -> Bool) async { while !isDone(), !ending.isOver.withLock({ $0 }) { await Task.yield() } }
      func frames() -> UInt64 { agent.status?.cameras.first?.counters.delivered ?? 0 }
      await wait { device.launchedGraphCount == 4 }
      let before = frames()
      await wait { frames() >= before + 10 }
      let hasEnded = ending.isOver.withLock { $0 }
      let launched = device.launchedGraphCount
      #expect(!hasEnded && launched == 4, "ten more frames came while the second was on the device")
      device.hang(from: 0)
      try await running.value
      let status = try #require(agent.status)
      #expect(status.pipelines[0].statistics.processed == 5 && status.pipelines[0].statistics.unusable == 0)
      #expect(status.pipelines[0].backend.engine == .cuda)
    }
  }
}

/// Whether an agent has ended.
private final class Ending: Sendable {
  let isOver = Mutex(false)
}
