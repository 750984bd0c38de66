import CKernels
import Inference
import ModelFormat
import Tensors

/// Turns the instructions of a validated program into the steps of a plan.
@safe struct Preparation: ~Copyable {
  let program: Program
  let options: CPUOptions
  private let weights: UnsafeRawBufferPointer
  private let arena: UnsafeMutableRawBufferPointer
  var plan = Plan()
  /// The instruction at hand.
  var index = 0

  init(program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CPUOptions) {
    self.program = program
    self.options = options
    unsafe self.weights = weights
    unsafe self.arena = arena
  }

  consuming func finish() -> Plan { plan }

  mutating func append(_ instruction: Instruction) throws(InferenceError) {
    switch instruction {
    case .convolution(let fields): try append(fields)
    case .pooling(let fields): append(fields)
    case .binary(let fields): append(fields)
    case .unary(let fields): append(fields)
    case .lookup(let fields): append(fields)
    case .quantise(let fields): append(fields, quantises: true)
    case .dequantise(let fields): append(fields, quantises: false)
    case .softmax(let fields): append(fields)
    case .copy(let fields): append(fields)
    case .fill(let fields): append(fields)
    case .reduction(let fields): append(fields)
    case .resize(let fields): append(fields)
    case .matrixProduct(let fields): append(fields)
    case .arithmetic(let fields): append(fields)
    case .mapping(let fields): append(fields)
    case .cast(let fields): append(cast: fields)
    case .select(let fields): append(fields)
    case .gather(let fields): append(fields)
    case .scatter(let fields): append(fields)
    case .argReduction(let fields): append(fields)
    case .topK(let fields): append(fields)
    case .cumulativeSum(let fields): append(fields)
    case .recurrence(let fields): append(fields)
    case .integerConvolution(let fields): append(fields)
    }
  }

  // MARK: Parts that the families share

  func tensor(_ index: TensorIndex) -> TensorDescription { program.tensors[Int(index)] }

  /// Where a tensor's bytes lie. Kernels write only to tensors of the arena, which validation made sure of.
  func bytes(_ index: TensorIndex) -> UnsafeMutableRawPointer {
    switch tensor(index).storage {
    case .arena(let offset): unsafe arena.baseAddress! + offset
    case .weights(let offset): unsafe UnsafeMutableRawPointer(mutating: weights.baseAddress! + offset)
    }
  }

  func kernel(_ family: swl_family) -> UnsafePointer<swl_kernel> { unsafe swl_kernel_for(family, options.instructionSet.code) }

  mutating func step<Arguments: BitwiseCopyable>(
    _ kernel: UnsafePointer<swl_kernel>, _ arguments: Arguments, count: Int, work: Int, scratch: Int64 = 0
  ) {
    let grain = Self.grain(count: count, work: work, threads: options.threads)
    unsafe plan.append(kernel, arguments, count: count, grain: grain, scratch: scratch, instruction: index)
  }

  /// Items that one thread takes at a time: all of them where a step is too small to share, else a quarter of its share.
  /// `work` counts elements touched or multiplications, whichever is more.
  static func grain(count: Int, work: Int, threads: Int) -> Int {
    guard threads > 1, work >= 32768 else { return max(count, 1) }
    return max(1, count / (4 * threads))
  }

  /// Chunks of a flat array.
  static func chunks(_ count: Int) -> Int { (count + Int(SWL_CHUNK) - 1) / Int(SWL_CHUNK) }
}

extension TensorDescription {
  var zeroPoint: Int32 { quantisation?.zeroPoint ?? 0 }
  var scale: Float { quantisation?.scale ?? 1 }
  /// What kernels xor stored bytes with to read them as unsigned.
  var flip: Int32 { elementType == .int8 ? 0x80 : 0 }
  var isQuantised: Bool { quantisation != nil }
  /// The bounds of an 8-bit type with the zero point taken off.
  var lowerBound: Float { Float((elementType.eightBitRange?.lowerBound ?? 0) - zeroPoint) }
  var upperBound: Float { Float((elementType.eightBitRange?.upperBound ?? 0) - zeroPoint) }
}
