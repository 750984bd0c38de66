@testable import CUDAExecution
import CCUDAKernels
import CPUExecution
import Foundation
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  static let smallInput = HostTensor((0..<40).map { Float($0) / 40 }, dimensions: [1, 2, 5, 4])

  /// A little of everything: a convolution, a table, a way back to floats.
  static func builder() -> ProgramBuilder {
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

  static func withSession(_ options: CUDAOptions, _ body: (Session<CUDABackend>) throws -> Void) throws {
    let builder = builder()
    let section = AlignedBytes(count: builder.weights.count)
    unsafe section.bytes.copyBytes(from: builder.weights)
    try body(unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(section.bytes), options: options))
    withExtendedLifetime(section) {}
  }

  static func loadError(_ options: CUDAOptions) -> InferenceError? {
    do { try withSession(options) { _ in } } catch { return error as? InferenceError }
    return nil
  }

  /// What holds on every device.
  @Suite struct Sessions {
    let device = EmulatedDevice.shared!
    private let input = CUDATests.smallInput

    @Test func `a run is one launch, and gives the same as instructions timed one by one`() throws {
      device.reset()
      try CUDATests.withSession(device.options()) { session in
        #expect(EmulatedDevice.isReal || device.launchedGraphCount == 1 && device.launchedKernelCount == 6, "one by one and recorded, while loading")
        try session.setInput(0, to: input)
        session.run()
        #expect(EmulatedDevice.isReal || device.launchedGraphCount == 2 && device.launchedKernelCount == 9)
        let together = try session.output(0)
        #expect(Set(together.floats()).count > 3)
        var nanoseconds = [UInt64](repeating: 0, count: 3)
        session.run(recording: &nanoseconds)
        #expect(try session.output(0) == together)
        #expect(EmulatedDevice.isReal || device.launchedGraphCount == 2 && device.launchedKernelCount == 12)
        #expect(nanoseconds.allSatisfy { $0 > 0 })
      }
      #expect(device.aliveCount == 0)
    }

    @Test func `two sessions on one device keep apart, and one outlives the other`() throws {
      device.reset()
      try CUDATests.withSession(device.options()) { first in
        try first.setInput(0, to: input)
        first.run()
        let alone = try first.output(0)
        try CUDATests.withSession(device.options()) { second in
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

    @Test func `ports that name one large tensor many times are refused`() throws {
      var builder = ProgramBuilder()
      let input = builder.input([1 << 26], .uint8, Quantisation(scale: 1, zeroPoint: 0))
      var program = builder.program
      program.outputs = [ModelFormat.Port](repeating: program.inputs[Int(input)], count: 20)
      device.reset()
      let error = #expect(throws: InferenceError.self) {
        _ = try unsafe Session<CUDABackend>(program: program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: device.options())
      }
      #expect(error?.code == .noResources && error?.message.contains("inputs and outputs take") == true, "\(error?.message ?? "")")
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

    /// Each records while the other brings its model to the device, or records, too.
    @Test func `two sessions load at once on two threads`() throws {
      device.reset()
      device.meet(2)
      defer { device.reset() }
      let failures = Failed()
      let options = device.options()
      DispatchQueue.concurrentPerform(iterations: 2) { _ in
        do {
          try CUDATests.withSession(options) { session in
            try session.setInput(0, to: CUDATests.smallInput)
            session.run()
            if let failure = session.failure { throw failure }
          }
        } catch { failures.add("\(error)") }
      }
      #expect(failures.all == [])
      #expect(device.aliveCount == 0)
      #expect(EmulatedDevice.isReal || device.meetingCount == 2, "both recorded at once")
    }

    @Test func `the caller's thread keeps the context that it had`() throws {
      device.reset()
      try CUDATests.withSession(device.options()) { session in
        #expect(device.contextDepth == 0)
        session.run()
        var nanoseconds = [UInt64](repeating: 0, count: 3)
        session.run(recording: &nanoseconds)
        #expect(device.contextDepth == 0)
      }
      #expect(device.contextDepth == 0)
    }

    @Test func `a reduction by one thread and one by a block reach the same, and neither more than a second's steps`() throws {
      var g = SeededGenerator(seed: 15)
      for kind in [Reduction.Kind.mean, .maximum, .minimum] {
        for (reduced, inner) in [(512, 3), (513, 3), (4000, 2)] {
          let (quantisation, type) = (g.quantisation(.uint8), ElementType.uint8)
          var builder = ProgramBuilder()
          let from = builder.input([2, reduced, inner], type, quantisation)
          let to = builder.output([2, inner], type, quantisation)
          builder.append(.reduction(Reduction(kind: kind, input: from, output: to, outer: 2, reduced: Int32(reduced), inner: Int32(inner))))
          let inputs = [g.values(of: builder.program.tensors[Int(from)])]
          let expected = try CUDATests.run(builder.program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
          device.reset()
          let actual = try CUDATests.run(builder.program, builder.weights, inputs, on: CUDABackend.self, device.options())
          #expect(CUDATests.difference(actual, expected) == nil, "\(kind) of \(reduced)")
          #expect(device.overrunCount == 0)
        }
      }
    }

    @Test func `pooling whose single threads would take too long is refused`() throws {
      var builder = ProgramBuilder()
      let (side, quantisation) = (2100, Quantisation(scale: 1, zeroPoint: 0))
      let from = builder.input([1, side, side, 1], .uint8, quantisation)
      let to = builder.output([1, 1, 1, 1], .uint8, quantisation)
      builder.append(
        .pooling(
          Pooling(
            kind: .maximum, input: from, output: to, kernel: HeightWidth(Int32(side), Int32(side)), strides: HeightWidth(1, 1),
            padding: Padding(top: 0, left: 0, bottom: 0, right: 0),
            countsPadding: false)))
      device.reset()
      let error = #expect(throws: InferenceError.self) {
        _ = try unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: device.options())
      }
      #expect(error?.code == .unsupported && error?.message.contains("one after the other") == true, "\(error?.message ?? "")")
      #expect(device.aliveCount == 0)
    }

    @Test func `scales without a finite ratio are refused`() throws {
      var builder = ProgramBuilder()
      let from = builder.input([1, 2, 1], .uint8, Quantisation(scale: 1e30, zeroPoint: 0))
      let to = builder.output([1, 1], .uint8, Quantisation(scale: 1e-30, zeroPoint: 0))
      builder.append(.reduction(Reduction(kind: .mean, input: from, output: to, outer: 1, reduced: 2, inner: 1)))
      device.reset()
      let error = #expect(throws: InferenceError.self) {
        _ = try unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: device.options())
      }
      #expect(error?.code == .malformedProgram && error?.message.contains("finite ratio") == true, "\(error?.message ?? "")")
    }

    /// One output channel a group takes a whole tile.
    @Test func `work is counted with its padding`() {
      let window = swl_window(
        input: [1, 8, 8, 6], output: [1, 8, 8, 3], kernel: HeightWidth(1, 1), strides: HeightWidth(1, 1), dilations: HeightWidth(1, 1),
        padding: Padding(top: 0, left: 0, bottom: 0, right: 0))
      #expect(WordForm(window, groups: 3).work(rows: 65) == 128 * 64 * 64 * 3)
    }
  }
}

/// What went wrong on several threads.
private final class Failed: @unchecked Sendable {
  private let lock = NSLock()
  private var found: [String] = []

  func add(_ text: String) { lock.withLock { found.append(text) } }
  var all: [String] { lock.withLock { found } }
}
