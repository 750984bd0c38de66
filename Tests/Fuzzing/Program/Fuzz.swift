import CPUExecution
import Inference
import ModelFormat
import Tensors

/// One input of libFuzzer, read as a weight section and a program: two bytes that count the weights in units of 16 bytes, the
/// weights, the program. Whatever validation accepts is run by the scalar kernels, so that what validation overlooked becomes an
/// access that the address sanitizer reports. (`case-bundle-writer --seeds` writes real programs in this form.)
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 2 else { return 0 }
  let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
  let weightCount = unsafe min((Int(bytes[0]) | Int(bytes[1]) << 8) * 16, count - 2)
  guard let program = try? unsafe Program(decoding: [UInt8](bytes[(2 + weightCount)...])), program.arenaByteCount <= 1 << 20 else { return 0 }
  // Exactly as many bytes as the section has: the sanitizer's own allocation guards its ends.
  let weights = UnsafeMutableRawBufferPointer.allocate(byteCount: weightCount, alignment: 64)
  defer { unsafe weights.deallocate() }
  unsafe weights.copyBytes(from: bytes[2..<2 + weightCount])
  guard (try? unsafe program.validate(weights: UnsafeRawBufferPointer(weights))) != nil else { return 0 }
  // The encoding loses nothing: what was read is written alike, and read again.
  guard let again = try? Program(decoding: program.encoded()), again.encoded() == program.encoded() else { fatalError("the encoding is not faithful") }
  guard program.isQuick else { return 0 }
  let options = CPUOptions(threads: 1, instructionSet: .scalar)
  guard let session = try? unsafe Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(weights), options: options) else { return 0 }
  for index in program.inputs.indices {
    let input = unsafe session.inputBytes(index)
    for position in input.indices { unsafe input[position] = UInt8(truncatingIfNeeded: position &* 37 &+ count) }
  }
  session.run()
  for index in program.outputs.indices { _ = try? session.output(index) }
  return 0
}

extension Program {
  /// Whether running takes milliseconds: a program may ask for as much work as it likes.
  fileprivate var isQuick: Bool {
    guard instructions.count <= 64, tensors.allSatisfy({ $0.byteCount <= 1 << 18 }) else { return false }
    return instructions.allSatisfy { instruction in
      let written = tensors[Int(instruction.written)].elementCount
      let work: Int
      switch instruction {
      case .convolution(let fields): work = written * (tensors[Int(fields.weights)].elementCount / max(tensors[Int(fields.weights)].dimensions[0], 1))
      case .pooling(let fields): work = written * Int(fields.kernel.height) * Int(fields.kernel.width)
      case .matrixProduct(let fields): work = written * Int(fields.k)
      case .reduction(let fields): work = Int(fields.outer) * Int(fields.reduced) * Int(fields.inner)
      default: work = written
      }
      return work <= 1 << 22
    }
  }
}
