import CUDAExecution
import Glibc
import Imaging
import Inference
import ModelFormat
import ModelManifest
import ObjectDetection
import Pipelines
import ProgramBuilding
import Tensors
import TestPackages
import Testing

@testable import EdgeAgent

extension CUDATests {
  /// Where there is room for frames on a device, where there isn't, and who is told.
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct FrameRoom {
    let device = EmulatedDevice.shared!
    private let agents = Agents()

    /// To give memory back or to take some would wait for the other's kernel, without an end; the emulated driver ends the program there.
    @Test func `a larger frame goes on while another session's kernel hangs`() throws {
      device.reset()
      defer { device.reset() }
      var options = device.options()
      options.deadline = .seconds(3600)
      let settings = ImagePreparation.Settings(width: 13, height: 9)
      let (one, other) = (try FrameSession(settings, .uint8, options), try FrameSession(settings, .uint8, options))
      let (small, large) = (MadeUpFrame(.rgb24, 20, 10), MadeUpFrame(.rgb24, 400, 300))
      #expect(other.prepare(small) == .prepared && other.isTaken)
      other.session.run()
      device.hang(from: device.launchedGraphCount + 1)
      #expect(one.prepare(small) == .prepared && one.isTaken)
      let hung = one
      let thread = try DataPlaneThread(name: "hung") { hung.session.run() }
      let launched = device.launchedGraphCount
      while device.launchedGraphCount == launched { sched_yield() }
      let calls = device.allocationCount
      #expect(other.prepare(large) == .prepared && !other.isTaken)
      #expect(device.allocationCount == calls)
      device.hang(from: 0)
      thread.join()
      other.session.run()
      let isSame = other.output == large.withView { other.expected($0) }
      #expect(isSame && other.session.failure == nil && one.session.failure == nil)
    }

    @Test func `without room for frames the model runs on the device all the same, and that is told`() throws {
      let package = try Agents.package()
      device.reset()
      _ = try VisionModel<CUDABackend>(package, options: device.options(), frameSize: (16, 16))
      // What the least room leaves free isn't enough for the most.
      device.reset()
      device.limitMemory(to: 1 << 20)
      let processor = try FrameProcessor(
        package, threshold: nil, threads: 1, backend: .cuda, devices: agents.devices(), manners: LoadingManners(frameSize: (8192, 8192)))
      #expect(processor.waitsForDevice && !processor.backend.isSecondBest)
      #expect(processor.backend.reason.contains("the processor prepares the frames") && processor.backend.reason.contains("out of memory"))
      let line = try Agents.Line(processor)
      for _ in 0..<3 { #expect(line.next() == 2) }
      #expect(line.worker.statistics.snapshot.preparedAside == 3)
    }

    @Test func `whatever there is no memory for when frames are opened, the model runs`() throws {
      let (package, frame) = (try Agents.package(), MadeUpFrame(.yuyv, 64, 48))
      func attempt(_ failing: Int) throws -> (calls: Int, takesFrames: Bool?) {
        device.reset()
        if failing > 0 { device.fail(call: failing, code: 2, isLasting: false) }
        guard let model = try? VisionModel<CUDABackend>(package, options: device.options()) else { return (0, nil) }
        let calls = device.callCount
        device.fail(call: 0, code: 0, isLasting: false)
        #expect(frame.withView { model.prepare($0) } == .prepared)
        model.run()
        #expect(model.decode()?.count == 2 && (model.frameObstacle == nil) == model.takesFrames, "call \(failing)")
        return (calls, model.takesFrames)
      }
      let calls = try attempt(0).calls
      let attempts = try (1...calls).map { try attempt($0).takesFrames }
      #expect(attempts.contains(nil) && attempts.count { $0 == false } >= 10)
      #expect(device.aliveCount == 0)
    }

    @Test func `frames that don't fit are counted, and the next load has room for them`() throws {
      device.reset()
      let devices = agents.devices()
      for count in [UInt64(3), 0] {
        let processor = try FrameProcessor(
          Agents.package(), threshold: nil, threads: 1, backend: .cuda, devices: devices, manners: LoadingManners(frameSize: (16, 16)))
        let line = try Agents.Line(processor)
        for _ in 0..<3 { #expect(line.next() == 2) }
        #expect(line.worker.statistics.snapshot.preparedAside == count && line.worker.backend.engine == .cuda)
      }
    }

    @Test func `what a frame costs an update's trial is its run, wherever it is`() throws {
      device.reset()
      for backend in [PipelineSettings.Backend.cuda, .cpu] {
        let line = try Agents.Line(agents.processor(backend, agents.devices()))
        var expected = Duration.zero
        for _ in 0..<3 {
          line.give()
          let result = try #require(line.results.pop(timeout: .seconds(60)))
          expected += result.timings.inference
          line.worker.recycle(result)
        }
        let usage = line.worker.usage
        #expect(usage.frames == 3 && usage.inference == expected && usage.isOfDevice == (backend == .cuda))
      }
    }

    @Test func `a measurement tells how the device failed`() throws {
      device.reset()
      defer { device.reset() }
      var options = device.options()
      options.deadline = .milliseconds(30)
      device.hang(from: 4)
      let package = try Agents.package()
      let error = MadeUpFrame(.yuyv, 64, 48).withView { view in
        #expect(throws: EdgeAgentError.self) {
          _ = try FrameCosts(of: view, with: package, threads: 1, devices: ComputeDevices(options: options), duration: .milliseconds(10))
        }
      }
      #expect(error?.message.contains("the device doesn't answer") == true)
    }

    @Test func `a model that takes no images together keeps taking frames`() throws {
      device.reset()
      let package = try Agents.package()
      let model = try VisionModel<CUDABackend>(package, options: device.options())
      #expect(throws: ObjectDetectionError.self) { try VisionBatch(package, like: model, limit: 2, options: device.options()) }
      #expect(model.takesFrames)
      model.keepTensors()
      let frame = MadeUpFrame(.yuyv, 64, 48)
      #expect(frame.withView { model.prepare($0) } == .prepared && model.tensorFrameCount == 1)
    }

    @Test func `frames are opened anew, and closed where that fails`() throws {
      device.reset()
      let frames = try FrameSession(ImagePreparation.Settings(width: 13, height: 9), .uint8, device.options(), size: (16, 16))
      let frame = MadeUpFrame(.rgb24, 200, 100)
      #expect(frames.prepare(frame) == .prepared && !frames.isTaken)
      let reopened = unsafe try frames.session.openFrames(as: 0, frames.preparation.pass, upTo: (200, 100))
      #expect(reopened && frames.prepare(frame) == .prepared && frames.isTaken)
      frames.session.run()
      #expect(frames.output == frame.withView { frames.expected($0) })
      device.limitMemory(to: 1)
      let error = #expect(throws: InferenceError.self) {
        unsafe try frames.session.openFrames(as: 0, frames.preparation.pass, upTo: (200, 100))
      }
      #expect(error?.code == .noResources)
      #expect(frames.prepare(frame) == .prepared && !frames.isTaken)
      frames.session.run()
      #expect(frames.output == frame.withView { frames.expected($0) } && frames.session.failure == nil)
    }

    @Test func `a frame stays while another input's bytes are asked for`() throws {
      device.reset()
      var builder = ProgramBuilder()
      let quantisation = Quantisation(scale: 0.02, zeroPoint: 11)
      let (input, _, output) = (
        builder.input([1, 9, 13, 3], .uint8, quantisation), builder.input([1, 4], .uint8, quantisation), builder.output([1, 9, 13, 3], .uint8, quantisation)
      )
      builder.append(
        .copy(
          StridedCopy(input: input, output: output, extents: [9 * 13 * 3], inputOffset: 0, inputStrides: [1], outputOffset: 0, outputStrides: [1])))
      let session = try unsafe Session<CUDABackend>(
        program: builder.program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: device.options())
      let frames = try FrameSession(ImagePreparation.Settings(width: 13, height: 9), .uint8, device.options())
      let opened = unsafe try session.openFrames(as: 0, frames.preparation.pass, upTo: (64, 64))
      #expect(opened)
      let frame = MadeUpFrame(.rgb24, 40, 30)
      let outcome = frame.withView { view in
        unsafe frames.preparation.prepare(view, into: session.inputBytes(0), unless: { unsafe session.takeFrame($0, $1) })
      }
      #expect(outcome == .prepared)
      unsafe session.inputBytes(1).initializeMemory(as: UInt8.self, repeating: 1)
      session.run()
      #expect(unsafe [UInt8](session.outputBytes(0)) == frame.withView { frames.expected($0) })
    }

    @Test(arguments: [false, true]) func `a driver that gives nothing and says that all is well is told of`(_ isIntegrated: Bool) throws {
      func attempt(_ lying: Int) throws -> (calls: Int, code: InferenceError.Code?) {
        device.reset()
        if isIntegrated { device.integrate() }
        if lying > 0 { device.lie(call: lying) }
        do {
          let frames = try FrameSession(ImagePreparation.Settings(width: 13, height: 9), .uint8, device.options())
          withExtendedLifetime(frames) {}
          return (device.callCount, nil)
        } catch let error as InferenceError { return (0, error.code) }
      }
      let calls = try attempt(0).calls
      let codes = try (1...calls).map { try attempt($0).code }
      #expect(codes.count { $0 == .deviceFailed } >= 6 && codes.allSatisfy { $0 == nil || $0 == .deviceFailed })
      #expect(device.aliveCount == 0)
    }
  }
}
