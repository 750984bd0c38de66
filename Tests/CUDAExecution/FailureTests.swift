import CAllocationCounter
import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct Failures {
    let device = EmulatedDevice.shared!
    private let input = HostTensor((0..<40).map { Float($0) / 40 }, dimensions: [1, 2, 5, 4])

    /// A little of everything: a convolution, a table, a way back to floats.
    private func builder() -> ProgramBuilder {
      var g = SeededGenerator(seed: 8)
      var builder = ProgramBuilder()
      let real = builder.input([1, 2, 5, 4])
      let quantisation = Quantisation(scale: 0.01, zeroPoint: 3)
      let stored = builder.activation([1, 2, 5, 4], .uint8, quantisation)
      builder.append(.quantise(Conversion(input: real, output: stored)))
      let sums = builder.activation([1, 2, 5, 6], .uint8, quantisation)
      var convolution = Convolution(
        input: stored, weights: builder.constant(g.weights(24), [6, 1, 1, 4]), bias: builder.constant([Int32](repeating: 5, count: 6)), output: sums)
      convolution.multipliers = builder.constant([Float](repeating: 0.002, count: 6))
      (convolution.middleZeroPoint, convolution.middleUpper, convolution.tableZeroPoint, convolution.outputUpper) = (3, 255, 3, 255)
      builder.append(.convolution(convolution))
      builder.append(.dequantise(Conversion(input: sums, output: builder.output([1, 2, 5, 6]))))
      return builder
    }

    private func withSession(_ options: CUDAOptions, _ body: (Session<CUDABackend>) throws -> Void) throws {
      let builder = builder()
      let section = AlignedBytes(count: builder.weights.count)
      unsafe section.bytes.copyBytes(from: builder.weights)
      try body(unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(section.bytes), options: options))
      withExtendedLifetime(section) {}
    }

    private func loadError(_ options: CUDAOptions) -> InferenceError? {
      do { try withSession(options) { _ in } } catch { return error as? InferenceError }
      return nil
    }

    /// Every call in turn: while loading it is an error; while running it is told afterwards, and nothing looks like a result.
    @Test(arguments: [(code: 2, isLasting: false), (code: 719, isLasting: true), (code: 700, isLasting: false)])
    func `whichever call fails, it is told, and nothing is left behind`(_ failure: (code: Int, isLasting: Bool)) throws {
      device.reset()
      var (loadCalls, allCalls) = (0, 0)
      try withSession(device.options()) { session in
        loadCalls = device.callCount
        try session.setInput(0, to: input)
        session.run()
        allCalls = device.callCount
      }
      #expect(loadCalls > 20 && allCalls > loadCalls)
      var endingCount = 0
      for call in 1...allCalls {
        device.reset()
        device.fail(call: call, code: Int32(failure.code), isLasting: failure.isLasting)
        var (hasLoaded, failed, result) = (false, nil as InferenceError?, [] as [Float])
        do {
          try withSession(device.options()) { session in
            hasLoaded = true
            try session.setInput(0, to: input)
            session.run()
            failed = session.failure
            result = try session.output(0).floats()
            session.run()
            #expect((session.failure == nil) == (failed == nil), "a failure lasts")
          }
        } catch {
          failed = error as? InferenceError
        }
        // Of what ends, the graph's description alone ends while loading: what that says changes nothing.
        let isEnding = call <= loadCalls && hasLoaded
        endingCount += isEnding ? 1 : 0
        #expect(failed != nil || isEnding && !failure.isLasting, "call \(call)")
        if let failed {
          #expect(failed.code == (failure.code == 2 ? .noResources : .deviceFailed), "call \(call): \(failed.message)")
          #expect(failed.message.contains("CUDA") && failed.message.contains("(\(failure.code))"), "call \(call): \(failed.message)")
        }
        if hasLoaded { #expect(result.allSatisfy { $0 == 0 } == (failed != nil), "call \(call)") }
        #expect(device.aliveCount == 0, "call \(call) leaves something behind")
      }
      #expect(endingCount == 1)
    }

    @Test func `a run is one launch, and gives the same as instructions timed one by one`() throws {
      device.reset()
      try withSession(device.options()) { session in
        #expect(device.launchedGraphCount == 0 && device.launchedKernelCount == 3, "once while loading")
        try session.setInput(0, to: input)
        session.run()
        #expect(device.launchedGraphCount == 1 && device.launchedKernelCount == 6)
        let together = try session.output(0)
        #expect(Set(together.floats()).count > 3)
        var nanoseconds = [UInt64](repeating: 0, count: 3)
        session.run(recording: &nanoseconds)
        #expect(try session.output(0) == together)
        #expect(device.launchedGraphCount == 1 && device.launchedKernelCount == 9)
        #expect(nanoseconds.allSatisfy { $0 > 0 })
      }
      #expect(device.aliveCount == 0)
    }

    @Test(.enabled(if: allocation_counter_works())) func `a run allocates nothing`() throws {
      device.reset()
      try withSession(device.options()) { session in
        session.run()
        device.idle()
        let before = allocation_count()
        for _ in 0..<20 { session.run() }
        let allocated = allocation_count() - before
        #expect(allocated == 0)
        #expect(device.launchedGraphCount == 21 && session.failure == nil)
      }
    }

    @Test func `ports that name one large tensor many times are refused`() throws {
      var builder = ProgramBuilder()
      let input = builder.input([1 << 26], .uint8, Quantisation(scale: 1, zeroPoint: 0))
      var program = builder.program
      program.outputs = [Port](repeating: program.inputs[Int(input)], count: 20)
      device.reset()
      let error = #expect(throws: InferenceError.self) {
        _ = try unsafe Session<CUDABackend>(program: program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: device.options())
      }
      #expect(error?.code == .noResources && error?.message.contains("inputs and outputs take") == true, "\(error?.message ?? "")")
      #expect(device.aliveCount == 0)
    }

    @Test func `two sessions on one device keep apart, and one outlives the other`() throws {
      device.reset()
      try withSession(device.options()) { first in
        try first.setInput(0, to: input)
        first.run()
        let alone = try first.output(0)
        try withSession(device.options()) { second in
          try second.setInput(0, to: HostTensor([Float](repeating: 0, count: 40), dimensions: [1, 2, 5, 4]))
          first.run()
          second.run()
          #expect(try first.output(0) == alone)
          #expect(try second.output(0) != alone)
        }
        first.run()
        #expect(try first.output(0) == alone && first.failure == nil)
      }
      #expect(device.aliveCount == 0)
    }

    @Test func `without a driver, a device or kernels for it, the error says which`() throws {
      var options = device.options()
      options.driverPath = "/nowhere/libcuda.so.1"
      #expect(loadError(options)?.message.hasPrefix("there is no CUDA driver here: /nowhere/libcuda.so.1") == true)
      options.driverPath = device.incompletePath
      #expect(loadError(options)?.message.contains("lacks cuGraphLaunch") == true)
      device.reset(driver: 10_020)
      #expect(loadError(device.options())?.message.contains("serves CUDA 10.2, and 11.4 is the least") == true)
      device.reset(devices: 0)
      #expect(loadError(device.options())?.message.contains("no CUDA-capable device") == true)
      device.reset(devices: 2)
      options = device.options()
      options.device = 2
      #expect(loadError(options)?.message.contains("there is no CUDA device 2: the driver finds 2") == true)
      device.reset(capability: (7, 0))
      #expect(loadError(device.options())?.message.contains("capability 7.0, and the kernels are compiled for 7.2, 8.0, 8.7, 8.0 and later") == true)
      device.reset(capability: (7, 5))
      #expect(loadError(device.options(.matrices))?.message.contains("has no matrix instructions") == true)
      #expect(loadError(device.options(.dotProducts)) == nil)
      #expect(loadError(device.options()) == nil)
      device.reset(capability: (10, 0))
      #expect(loadError(device.options()) == nil, "later devices take the text")
      options = device.options()
      device.reset(capability: (7, 5))
      options.image = TestImage.image([(0, 7, 2, "rubbish")])
      #expect(loadError(options)?.message.contains("kernel image is invalid") == true)
      #expect(device.aliveCount == 0)
    }

    @Test func `a device without memory for the model is told apart`() throws {
      device.reset()
      device.limitMemory(to: 1 << 10)
      let error = loadError(device.options())
      #expect(error?.code == .noResources)
      #expect(device.aliveCount == 0)
    }

    /// One output channel a group: padded to a tile, each group's weights grow 64-fold.
    @Test func `padding that would fill the device is refused before anything is packed`() throws {
      let groups = 3000
      var builder = ProgramBuilder()
      let input = builder.input([1, 1, 1, 2 * groups], .uint8, Quantisation(scale: 1, zeroPoint: 0))
      let weights = builder.constant([Int8](repeating: 1, count: 2 * groups * 21 * 21), [groups, 21, 21, 2])
      let output = builder.output([1, 1, 1, groups], .uint8, Quantisation(scale: 1, zeroPoint: 0))
      var convolution = Convolution(
        input: input, weights: weights, bias: builder.constant([Int32](repeating: 0, count: groups)), output: output,
        padding: Padding(top: 10, left: 10, bottom: 10, right: 10), groups: Int32(groups))
      convolution.multipliers = builder.constant([Float](repeating: 0.01, count: groups))
      (convolution.middleUpper, convolution.outputUpper) = (255, 255)
      builder.append(.convolution(convolution))
      let section = AlignedBytes(count: builder.weights.count)
      unsafe section.bytes.copyBytes(from: builder.weights)
      device.reset()
      let error = #expect(throws: InferenceError.self) {
        _ = try unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(section.bytes), options: device.options())
      }
      #expect(error?.code == .noResources)
      #expect(device.aliveCount == 0)
      withExtendedLifetime(section) {}
    }
  }
}
