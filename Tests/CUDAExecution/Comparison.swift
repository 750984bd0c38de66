import CPUExecution
import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// Runs a program twice on the device, with red zones, and expects the scalar kernels' bits and so many faults a run.
  static func compare(_ builder: ProgramBuilder, _ given: [HostTensor], _ comment: String = "", faults: UInt64 = 0) throws {
    let device = EmulatedDevice.shared!
    let program = builder.program.withRedZones
    let inputs = given + program.redZones(behind: given.count)
    let expected = try CUDATests.run(program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
    device.reset()
    let section = AlignedBytes(count: builder.weights.count)
    unsafe section.bytes.copyBytes(from: builder.weights)
    var actual: [HostTensor] = []
    do {
      let session = try unsafe Session<CUDABackend>(program: program, weights: UnsafeRawBufferPointer(section.bytes), options: device.options())
      for (index, input) in inputs.enumerated() { try session.setInput(index, to: input) }
      // Twice: what a run leaves behind must not matter to the next.
      for _ in 0..<2 { session.run() }
      #expect(session.failure == nil, "\(comment)")
      #expect(session.faultCount == 2 * faults, "\(comment)")
      actual = try program.outputs.indices.map { try session.rawOutput($0) }
    }
    withExtendedLifetime(section) {}
    #expect(CUDATests.difference(actual, expected) == nil, "\(comment)")
    #expect(device.overrunCount == 0 && device.aliveCount == 0, "\(comment)")
  }

  static func whole(_ values: [Int64], _ dimensions: [Int]? = nil) -> HostTensor {
    HostTensor(
      elementType: .int64, dimensions: dimensions ?? [values.count],
      bytes: values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } })
  }
}
