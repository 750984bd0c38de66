import CAllocationCounter
@testable import CUDAExecution
import Imaging
import Inference
import ModelFormat
import ModelManifest
import ObjectDetection
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// What wants a driver that fails at will.
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct Failures {
    let device = EmulatedDevice.shared!
    private let input = CUDATests.smallInput
    /// Every call in turn: while loading it is an error; while running it is told afterwards, and nothing looks like a result.
    @Test(arguments: [(code: 2, isLasting: false), (code: 100, isLasting: true), (code: 719, isLasting: true), (code: 700, isLasting: true)])
    func `whichever call fails, it is told, and nothing is left behind`(_ failure: (code: Int, isLasting: Bool)) throws {
      device.reset()
      var (loadCalls, allCalls) = (0, 0)
      try CUDATests.withSession(device.options()) { session in
        loadCalls = device.callCount
        try session.setInput(0, to: input)
        session.run()
        allCalls = device.callCount
      }
      #expect(loadCalls > 20 && allCalls > loadCalls)
      for call in 1...allCalls {
        device.reset()
        device.fail(call: call, code: Int32(failure.code), isLasting: failure.isLasting)
        var (hasLoaded, failed, result) = (false, nil as InferenceError?, [] as [Float])
        do {
          try CUDATests.withSession(device.options()) { session in
            hasLoaded = true
            try session.setInput(0, to: input)
            session.run()
            failed = session.failure
            result = try session.output(0).floats()
            session.run()
            #expect(failed == nil || session.hasFailed, "a failure lasts")
          }
        } catch {
          failed = error as? InferenceError
        }
        // What says that it couldn't end something has ended it, and changes nothing.
        #expect(failed != nil || device.hasFailedEnding, "call \(call)")
        if let failed {
          // The second call starts the driver, which says by 100 that there is no device.
          let isAbsent = failure.code == 100 && call == 2
          // Up to the ninth, which takes the context, nothing stays with the process.
          let isPassing = call <= 9 || failure.code == 100
          let expected: InferenceError.Code =
            isAbsent ? .deviceAbsent : isPassing ? .deviceFailed : failure.code == 2 ? .noResources : .deviceLost
          #expect(failed.code == expected, "call \(call): \(failed.message)")
          #expect(failed.message.contains("CUDA") && failed.message.contains("(\(failure.code))"), "call \(call): \(failed.message)")
        }
        if hasLoaded { #expect(result.allSatisfy { $0 == 0 } == (failed != nil), "call \(call)") }
        #expect(device.aliveCount == 0, "call \(call) leaves something behind")
      }
    }

    @Test(.enabled(if: allocation_counter_works())) func `a run allocates nothing`() throws {
      device.reset()
      try CUDATests.withSession(device.options()) { session in
        session.run()
        device.idle()
        let before = allocation_count()
        for _ in 0..<20 { session.run() }
        let allocated = allocation_count() - before
        #expect(allocated == 0)
        #expect(device.launchedGraphCount == 22 && session.failure == nil)
      }
    }

    @Test func `without a driver, a device or kernels for it, the error says which`() throws {
      var options = device.options()
      options.driverPath = "/nowhere/libcuda.so.1"
      #expect(CUDATests.loadError(options)?.message.hasPrefix("there is no CUDA driver here: /nowhere/libcuda.so.1") == true)
      options.driverPath = device.incompletePath
      #expect(CUDATests.loadError(options)?.message.contains("lacks cuGraphLaunch") == true)
      device.reset(driver: 10_020)
      #expect(CUDATests.loadError(device.options())?.message.contains("serves CUDA 10.2, and 11.4 is the least") == true)
      device.reset(devices: 0)
      #expect(CUDATests.loadError(device.options())?.message.contains("no CUDA-capable device") == true)
      device.reset(devices: 2)
      options = device.options()
      options.device = 2
      #expect(CUDATests.loadError(options)?.message.contains("there is no CUDA device 2: the driver finds 2") == true)
      device.reset(capability: (7, 0))
      #expect(
        CUDATests.loadError(device.options())?.message.contains("capability 7.0, and the kernels are compiled for 7.2, 7.5, 8.0, 8.7, 8.0 and later") == true)
      device.reset(capability: (7, 5))
      #expect(CUDATests.loadError(device.options(.matrices16x8x32))?.message.contains("they come with compute capability 8.0") == true)
      #expect(CUDATests.loadError(device.options(.dotProducts)) == nil)
      #expect(CUDATests.loadError(device.options()) == nil)
      device.reset(capability: (10, 0))
      #expect(CUDATests.loadError(device.options()) == nil, "later devices take the text")
      options = device.options()
      device.reset(capability: (7, 5))
      options.image = TestImage.image([(0, 7, 5, "rubbish")])
      #expect(CUDATests.loadError(options)?.message.contains("kernel image is invalid") == true)
      #expect(device.aliveCount == 0)
    }

    @Test func `a device without memory for the model is told apart`() throws {
      device.reset()
      device.limitMemory(to: 1 << 10)
      let error = CUDATests.loadError(device.options())
      #expect(error?.code == .noResources)
      #expect(device.aliveCount == 0)
    }

    @Test func `what a driver says before there is a context doesn't stay: its kernel module may come later`() throws {
      device.reset()
      device.fail(call: 2, code: 999, isLasting: false)
      let error = CUDATests.loadError(device.options())
      #expect(error?.code == .deviceFailed && error?.message.contains("starting the driver: unknown error (999)") == true)
      #expect(CUDATests.loadError(device.options()) == nil)
      #expect(device.aliveCount == 0)
    }

    @Test func `an error that stays with the process outlives the session, and says that a restart helps`() throws {
      device.reset()
      try CUDATests.withSession(device.options()) { session in
        try session.setInput(0, to: input)
        device.fail(call: 3, code: 700, isLasting: false)
        session.run()
        #expect(session.hasFailed && session.failure?.code == .deviceLost)
        #expect(session.failure?.message.contains("restart it") == true)
      }
      #expect(CUDATests.loadError(device.options())?.code == .deviceLost, "a new session is no new process")
      device.reset()
      #expect(CUDATests.loadError(device.options()) == nil)
    }

    @Test func `a device that doesn't answer is given up at the deadline, and whatever it may still write to is left to it`() throws {
      device.reset()
      var options = device.options()
      options.deadline = .milliseconds(30)
      var alive = 0
      try CUDATests.withSession(options) { session in
        try session.setInput(0, to: input)
        session.run()
        #expect(!session.hasFailed)
        alive = device.aliveCount
        device.hang()
        session.run()
        #expect(session.failure?.code == .deviceLost)
        #expect(session.failure?.message.contains("doesn't answer") == true)
        #expect(try session.output(0).floats().allSatisfy { $0 == 0 })
        session.run()
      }
      #expect(device.aliveCount == alive, "the driver would wait for ever")
      device.reset()
      device.hang()
      #expect(CUDATests.loadError(options)?.code == .deviceLost)
      device.reset()
    }

    @Test func `one session's hang is every session's: nobody else waits, and nothing of either is given back`() throws {
      device.reset()
      var (hasty, patient) = (device.options(), device.options())
      (hasty.deadline, patient.deadline) = (.milliseconds(30), .seconds(3600))
      try CUDATests.withSession(patient) { other in
        try other.setInput(0, to: input)
        other.run()
        #expect(!other.hasFailed)
        try CUDATests.withSession(hasty) { session in
          device.hang()
          session.run()
          #expect(session.failure?.code == .deviceLost)
        }
        let calls = device.callCount
        #expect(other.hasFailed && other.failure?.code == .deviceLost)
        other.run()
        #expect(try other.output(0).floats().allSatisfy { $0 == 0 })
        #expect(CUDATests.loadError(patient)?.code == .deviceLost)
        #expect(device.callCount == calls, "nobody turns to it again")
      }
      #expect(device.aliveCount > 0)
      device.reset()
    }

    @Test func `a count of faults that no run can bring about is none`() {
      #expect(CUDABackend.isPlausible(0, after: 0) && CUDABackend.isPlausible(7, after: 3))
      #expect(!CUDABackend.isPlausible(2, after: 3))
      #expect(!CUDABackend.isPlausible(.max, after: 3) && !CUDABackend.isPlausible(0 &- 1, after: 0))
    }

    @Test func `a run whose device failed has no detections rather than none found`() throws {
      let path = EmulatedDevice.folder.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path
      device.reset()
      let vision = try VisionModel<CUDABackend>(ModelPackage(contentsOf: path), options: device.options())
      let image = RGBImage(width: 64, height: 48, pixels: [UInt8](repeating: 90, count: 64 * 48 * 3))
      #expect(image.withView { vision.prepare($0) } == .prepared)
      device.idle()
      vision.run()
      #expect(vision.decode() != nil)
      device.fail(call: 1, code: 719, isLasting: false)
      vision.run()
      #expect(vision.decode() == nil)
      #expect(vision.session.failure?.code == .deviceLost)
      device.reset()
    }

    @Test func `where the driver refuses an image, the next one that fits is taken`() throws {
      device.reset()
      device.refuseImages(2)
      #expect(CUDATests.loadError(device.options()) == nil, "7 is left to 0, and that to text")
      device.refuseImages(3)
      #expect(CUDATests.loadError(device.options())?.message.contains("loading the kernels") == true)
      #expect(device.aliveCount == 0)
    }

    @Test func `large constants have blocks of their own, and small ones share`() throws {
      var builder = ProgramBuilder()
      let count = CUDAMemory.regionByteCount + 4
      let input = builder.input([count], .uint8, Quantisation(scale: 1, zeroPoint: 0))
      for constant in [[UInt8](repeating: 3, count: count), [UInt8](repeating: 4, count: count)] {
        let right = builder.constant(constant, nil, Quantisation(scale: 1, zeroPoint: 0))
        let output = builder.output([count], .uint8, Quantisation(scale: 1, zeroPoint: 0))
        builder.append(.binary(Binary(operation: .add, left: input, right: right, output: output)))
      }
      device.reset()
      var options = device.options()
      options.regionByteCount = CUDAMemory.regionByteCount
      device.limitMemory(to: 5 * count + 2048)
      let section = AlignedBytes(count: builder.weights.count)
      unsafe section.bytes.copyBytes(from: builder.weights)
      let session = try unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(section.bytes), options: options)
      #expect(device.blockCount == 3)
      #expect(!session.hasFailed)
      withExtendedLifetime(section) {}
    }
  }
}
