import CPUExecution
import Inference
import ModelFormat
import Tensors

/// One input of libFuzzer, read as a weight section and a program: two bytes that count the weights in units of 16 bytes, the
/// weights, the program. Whatever validation accepts is run by the scalar kernels and by the machine's best ones on two threads, so that
/// what validation overlooked becomes an access that the address sanitizer reports, or another result. (`case-bundle-writer --seeds` writes
/// real programs in this form.)
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
  let section = unsafe UnsafeRawBufferPointer(weights)
  let plain = unsafe program.outcome(section, CPUOptions(threads: 1, instructionSet: .scalar), seed: count)
  let fast = unsafe program.outcome(section, CPUOptions(threads: 2), seed: count)
  guard let plain, let fast, program.isExact else { return 0 }
  guard plain == fast else { fatalError("the best kernels on two threads differ from the scalar ones") }
  return 0
}

extension Program {
  /// The bytes of all outputs of whole numbers after a run, and the faults; nil where the backend refuses the program.
  fileprivate func outcome(_ weights: UnsafeRawBufferPointer, _ options: CPUOptions, seed: Int) -> [UInt8]? {
    guard let session = try? unsafe Session<CPUBackend>(program: self, weights: weights, options: options) else { return nil }
    for index in inputs.indices {
      let input = unsafe session.inputBytes(index)
      for position in input.indices { unsafe input[position] = UInt8(truncatingIfNeeded: position &* 37 &+ seed) }
    }
    session.run()
    var bytes: [UInt8] = []
    for index in outputs.indices {
      _ = try? session.output(index)
      if tensors[Int(outputs[index].tensor)].elementType.isInteger { unsafe bytes.append(contentsOf: session.outputBytes(index)) }
    }
    withUnsafeBytes(of: session.faultCount) { unsafe bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Whether no floating point passes through memory: there kernels may differ within a tolerance, and in the bits of what is no number.
  fileprivate var isExact: Bool {
    instructions.allSatisfy { instruction in
      (instruction.reads + [instruction.written]).allSatisfy { index in
        guard case .arena = tensors[Int(index)].storage else { return true }
        return tensors[Int(index)].elementType.isInteger
      }
    }
  }

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
