import CPUExecution
@testable import CUDAExecution
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
    #expect(CUDATests.difference(actual, expected, of: program) == nil, "\(comment)")
    #expect(device.overrunCount == 0 && device.aliveCount == 0, "\(comment)")
  }

  static func whole(_ values: [Int64], _ dimensions: [Int]? = nil) -> HostTensor {
    HostTensor(
      elementType: .int64, dimensions: dimensions ?? [values.count],
      bytes: values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } })
  }

  /// Of floats that a real device's mathematical library has a part in, to each value's magnitude or to 1, whichever is more.
  static let libraryTolerance: Float = 1e-5

  /// The first difference between a run on the device and one by the scalar kernels: in bits, but where a real device's library has a part in the
  /// program beyond what that allows.
  static func difference(_ actual: [HostTensor], _ expected: [HostTensor], of program: Program) -> String? {
    guard EmulatedDevice.isReal, program.callsLibraryOnCUDA else { return difference(actual, expected) }
    return libraryDifference(actual, expected, program.outputs.map(\.name))
  }

  /// Floats beyond the tolerance, whole numbers of any kind by more than a step, red zones by anything.
  static func libraryDifference(_ actual: [HostTensor], _ expected: [HostTensor], _ names: [String]) -> String? {
    guard actual.count == expected.count else { return "another number of outputs" }
    for (output, (one, other)) in zip(actual, expected).enumerated() {
      guard one.elementType == other.elementType, one.dimensions == other.dimensions else { return "output \(output) has another shape" }
      if names[output].hasPrefix("red") || [.float16, .float64].contains(one.elementType) {
        if let difference = difference([one], [other]) { return "\(names[output]): \(difference)" }
        continue
      }
      if one.elementType == .float32 {
        for (a, b) in zip(one.floats(), other.floats()) where !(a == b || a.isNaN && b.isNaN) {
          let isNear = a.isFinite && b.isFinite && abs(a - b) <= libraryTolerance * max(1, abs(b))
          if !isNear { return "output \(output): \(a) for \(b)" }
        }
        continue
      }
      let (left, right) = (words(one), words(other))
      if let place = left.indices.first(where: { ![0, 1, -1].contains(left[$0] &- right[$0]) }) {
        return "output \(output): \(left[place]) for \(right[place])"
      }
    }
    return nil
  }

  /// Whole numbers of any width.
  private static func words(_ tensor: HostTensor) -> [Int64] {
    let size = tensor.elementType.byteCount
    let isSigned = [ElementType.int8, .int16, .int32].contains(tensor.elementType)
    return stride(from: 0, to: tensor.bytes.count, by: size).map { start in
      let bits = (0..<size).reduce(UInt64(0)) { $0 | UInt64(tensor.bytes[start + $1]) << UInt64(8 * $1) }
      let unused = Int64(64 - 8 * size)
      return isSigned ? Int64(bitPattern: bits << UInt64(unused)) >> unused : Int64(bitPattern: bits)
    }
  }
}
