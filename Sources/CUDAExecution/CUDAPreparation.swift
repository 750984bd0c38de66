import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

/// Turns the instructions of a validated program into launches, and brings its constants to the device.
@safe struct CUDAPreparation: ~Copyable {
  let program: Program
  let device: CUDADevice
  let multiplication: CUDAOptions.Multiplication
  private let weights: UnsafeRawBufferPointer
  private let arena: DeviceAddress
  private let constants: CUDAConstants
  let loading: CUDALoading
  private let onCopy: ((UnsafeRawBufferPointer) -> Void)?
  var plan = CUDAPlan()
  /// The instruction at hand.
  var index = 0
  /// Counts indices outside their tensors; where none is counted, nil.
  let faults: UnsafeMutablePointer<UInt64>?

  init(
    program: Program, device: CUDADevice, constants: CUDAConstants, loading: consuming CUDALoading, multiplication: CUDAOptions.Multiplication,
    weights: UnsafeRawBufferPointer,
    arena: DeviceAddress, faults: DeviceAddress?, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) {
    self.program = program
    self.device = device
    self.constants = constants
    self.loading = loading
    self.multiplication = multiplication
    unsafe self.weights = weights
    self.arena = arena
    unsafe self.faults = faults.flatMap { unsafe UnsafeMutablePointer(bitPattern: UInt($0)) }
    unsafe self.onCopy = onCopy
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
    case .matrixProduct(let fields): try append(fields)
    case .normalisation(let fields): try append(fields)
    case .rotation(let fields): try append(fields)
    case .gather(let fields): try append(fields)
    case .attention(let fields): try append(fields)
    case .arithmetic(let fields): try append(fields)
    case .mapping(let fields): try append(fields)
    case .cast(let fields): try append(cast: fields)
    case .select(let fields): try append(fields)
    case .scatter(let fields): try append(fields)
    case .argReduction(let fields): try append(fields)
    case .topK(let fields): try append(fields)
    case .cumulativeSum(let fields): try append(fields)
    case .recurrence(let fields): try append(fields)
    case .integerConvolution(let fields): try append(fields)
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
      address = try unsafe constant(index, .plain, [], tensor.byteCount) { loading, address, bytes throws(InferenceError) in
        try unsafe loading.copy(bytes, to: address)
      }
    }
    // A processor reads across such borders; a device stops.
    guard Int(address % UInt64(tensor.elementType.byteCount)) == 0, let pointer = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address)) else {
      throw InferenceError(.unsupported, "tensor '\(tensor.name)' doesn't begin at a multiple of its elements' size")
    }
    return unsafe pointer
  }

  /// A constant in a form of its own: made once for all instructions that want it.
  /// - Parameters:
  ///   - byteCount: what it takes on the device.
  ///   - bring: brings it to its address, from the constant's bytes.
  mutating func constant(
    _ index: TensorIndex, _ kind: CUDAConstants.Form.Kind, _ sizes: [Int], _ byteCount: Int,
    _ bring: (borrowing CUDALoading, DeviceAddress, UnsafeRawBufferPointer) throws(InferenceError) -> Void
  ) throws(InferenceError) -> DeviceAddress {
    guard case .weights(let offset) = tensor(index).storage else { preconditionFailure("a constant lies in the weight section") }
    let form = CUDAConstants.Form(kind: kind, offset: offset, sizes: sizes + [byteCount])
    if let known = constants[form] { return known }
    let bytes = unsafe hostBytes(index)
    let address = try constants.take(byteCount)
    try unsafe bring(loading, address, bytes)
    constants.keep(address, as: form)
    unsafe onCopy?(bytes)
    return address
  }

  /// Zeros in place of a constant that isn't given.
  mutating func zeros(_ byteCount: Int) throws(InferenceError) -> DeviceAddress {
    let form = CUDAConstants.Form(kind: .zeros, offset: -1, sizes: [byteCount])
    if let known = constants[form] { return known }
    let address = try constants.take(byteCount)
    try loading.clear(address, byteCount: byteCount)
    constants.keep(address, as: form)
    return address
  }

  /// Room that an instruction fills and reads; others with as much, before or after it, use the same. An instruction that needs several numbers them.
  mutating func scratch(_ byteCount: Int, number: Int = 1) throws(InferenceError) -> DeviceAddress {
    let form = CUDAConstants.Form(kind: .scratch, offset: -number, sizes: [byteCount])
    if let known = constants[form] { return known }
    let address = try constants.take(byteCount)
    constants.keep(address, as: form)
    return address
  }

  /// A constant's bytes in the package.
  func hostBytes(_ index: TensorIndex) -> UnsafeRawBufferPointer {
    guard case .weights(let offset) = tensor(index).storage else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(rebasing: weights[offset..<offset + tensor(index).byteCount])
  }

  mutating func launch<Arguments: BitwiseCopyable>(
    _ kernel: swl_cuda_kernel, _ arguments: Arguments, threads count: Int, work: Int? = nil, serial: Int = 1
  ) throws(InferenceError) {
    try plan.append(kernel, of: device, arguments, threads: count, work: work ?? count, serial: serial, instruction: index)
  }

  /// Ratios that are infinite, or no numbers, would make sums that no byte stands for.
  func checkFinite(_ ratios: Float..., of what: String) throws(InferenceError) {
    guard ratios.allSatisfy({ $0.isFinite }) else {
      throw InferenceError(.malformedProgram, "instruction \(index): the scales of \(what) have no finite ratio")
    }
  }
}
