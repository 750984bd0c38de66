import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

/// Turns the instructions of a validated program into launches, and brings its constants to the device.
@safe struct CUDAPreparation: ~Copyable {
  let program: Program
  let device: CUDADevice
  let memory: CUDAMemory
  let multiplication: CUDAOptions.Multiplication
  private let weights: UnsafeRawBufferPointer
  private let arena: DeviceAddress
  private let onCopy: ((UnsafeRawBufferPointer) -> Void)?
  var plan = CUDAPlan()
  /// The instruction at hand.
  var index = 0
  private let alike: [TensorIndex]
  private var constants: [Form: DeviceAddress] = [:]

  /// All that a constant's bytes on the device follow from.
  struct Form: Hashable {
    enum Kind: Hashable { case plain, words, weightSums, taps, columns, zeros }
    var kind: Kind
    /// The first tensor with the same bytes.
    var tensor: Int
    var sizes: [Int]
  }

  init(
    program: Program, device: CUDADevice, memory: CUDAMemory, multiplication: CUDAOptions.Multiplication, weights: UnsafeRawBufferPointer,
    arena: DeviceAddress, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) {
    self.program = program
    self.device = device
    self.memory = memory
    self.multiplication = multiplication
    unsafe self.weights = weights
    self.arena = arena
    unsafe self.onCopy = onCopy
    alike = program.firstAlike()
  }

  consuming func finish() -> CUDAPlan { plan }

  mutating func append(_ instruction: Instruction) throws(InferenceError) {
    switch instruction {
    case .convolution(let fields): try append(fields)
    case .pooling(let fields): try append(fields)
    case .binary(let fields): try append(fields)
    case .unary(let fields): try append(fields)
    case .lookup(let fields): try append(fields)
    case .quantise(let fields): try append(fields, quantises: true)
    case .dequantise(let fields): try append(fields, quantises: false)
    case .softmax(let fields): try append(fields)
    case .copy(let fields): try append(fields)
    case .fill(let fields): try append(fields)
    case .reduction(let fields): try append(fields)
    case .resize(let fields): try append(fields)
    default: throw InferenceError(.unsupported, "CUDA has no \(instruction.family)")
    }
  }

  // MARK: Parts that the families share

  func tensor(_ index: TensorIndex) -> TensorDescription { program.tensors[Int(index)] }

  /// Where a tensor's bytes lie on the device; constants are brought there.
  mutating func address(_ index: TensorIndex) throws(InferenceError) -> UnsafeMutableRawPointer {
    let tensor = tensor(index)
    let address: DeviceAddress
    switch tensor.storage {
    case .arena(let offset):
      address = arena + UInt64(offset)
    case .weights:
      address = try unsafe constant(index, .plain, [], tensor.byteCount) { memory, bytes throws(InferenceError) in try unsafe memory.take(copying: bytes) }
    }
    // A processor reads across such borders; a device stops.
    guard Int(address % UInt64(tensor.elementType.byteCount)) == 0, let pointer = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
      throw InferenceError(.unsupported, "tensor '\(tensor.name)' doesn't begin at a multiple of its elements' size")
    }
    return unsafe pointer
  }

  /// A constant in a form of its own: made once for all instructions that want it.
  /// - Parameter make: from the constant's bytes.
  mutating func constant(
    _ index: TensorIndex, _ kind: Form.Kind, _ sizes: [Int], _ byteCount: Int,
    _ make: (CUDAMemory, UnsafeRawBufferPointer) throws(InferenceError) -> DeviceAddress
  ) throws(InferenceError) -> DeviceAddress {
    let form = Form(kind: kind, tensor: Int(alike[Int(index)]), sizes: sizes + [byteCount])
    if let known = constants[form] { return known }
    let bytes = unsafe hostBytes(index)
    let address = try unsafe make(memory, bytes)
    constants[form] = address
    unsafe onCopy?(bytes)
    return address
  }

  /// Zeros in place of a constant that isn't given.
  mutating func zeros(_ byteCount: Int) throws(InferenceError) -> DeviceAddress {
    let form = Form(kind: .zeros, tensor: -1, sizes: [byteCount])
    if let known = constants[form] { return known }
    let address = try memory.take(zeros: byteCount)
    constants[form] = address
    return address
  }

  /// A constant's bytes in the package.
  func hostBytes(_ index: TensorIndex) -> UnsafeRawBufferPointer {
    guard case .weights(let offset) = tensor(index).storage else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(rebasing: weights[offset..<offset + tensor(index).byteCount])
  }

  mutating func launch<Arguments: BitwiseCopyable>(
    _ kernel: swl_cuda_kernel, _ arguments: Arguments, threads count: Int, work: Int? = nil
  ) throws(InferenceError) {
    try plan.append(kernel, of: device, arguments, threads: count, work: work ?? count, instruction: index)
  }
}
