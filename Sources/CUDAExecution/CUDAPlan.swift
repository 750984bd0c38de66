import CCUDADriver
import CCUDAKernels
import Inference

/// One kernel's launch, with every choice made and every address resolved.
@safe struct CUDAStep {
  let function: UnsafeMutableRawPointer
  let grid: (x: UInt32, y: UInt32, z: UInt32)
  let threads: UInt32
  /// What the kernel is given; owned by the plan.
  let arguments: UnsafeMutableRawPointer
  /// The instruction that it belongs to.
  let instruction: Int
}

/// The launches of a program in their order, and the structures that they are given.
@safe struct CUDAPlan: ~Copyable {
  private(set) var steps: [CUDAStep] = []
  private var work = 0
  private var serial = 0

  /// The most work of one run: a device of some trillion multiplications a second is busy for seconds.
  static let largestWork = 1 << 44
  /// The most steps that single threads of one run may take one after the other, whatever the others do: about a second.
  static let longestSerial = 1 << 22

  /// Appends a launch.
  /// - Parameters:
  ///   - grid: blocks along each axis.
  ///   - work: elements touched or multiplications, whichever is more, those of padding included.
  ///   - serial: elements that one thread goes through.
  mutating func append<Arguments: BitwiseCopyable>(
    _ kernel: swl_cuda_kernel, of device: CUDADevice, _ arguments: Arguments, grid: (x: Int, y: Int, z: Int), work: Int, serial: Int,
    instruction: Int
  ) throws(InferenceError) {
    guard grid.x > 0, grid.y > 0, grid.z > 0 else { return }
    guard grid.x <= Int(Int32.max), grid.y <= 65_535, grid.z <= 65_535 else {
      throw InferenceError(.unsupported, "instruction \(instruction) takes more blocks than a device can count")
    }
    guard work <= Self.largestWork - self.work else {
      throw InferenceError(.unsupported, "a run takes more than \(Self.largestWork) multiplications up to instruction \(instruction)")
    }
    guard serial <= Self.longestSerial - self.serial else {
      throw InferenceError(
        .unsupported, "single threads of a run would take more than \(Self.longestSerial) steps one after the other up to instruction \(instruction)")
    }
    self.work += max(work, 0)
    self.serial += max(serial, 0)
    let copy = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<Arguments>.size, alignment: 16)
    unsafe copy.storeBytes(of: arguments, as: Arguments.self)
    unsafe steps.append(
      CUDAStep(
        function: device.function(kernel), grid: (UInt32(grid.x), UInt32(grid.y), UInt32(grid.z)), threads: swl_cuda_kernel_threads(kernel),
        arguments: copy, instruction: instruction))
  }

  /// A thread for each of `count` elements.
  mutating func append<Arguments: BitwiseCopyable>(
    _ kernel: swl_cuda_kernel, of device: CUDADevice, _ arguments: Arguments, threads count: Int, work: Int, serial: Int, instruction: Int
  ) throws(InferenceError) {
    let size = Int(swl_cuda_kernel_threads(kernel))
    try append(kernel, of: device, arguments, grid: ((count + size - 1) / size, 1, 1), work: work, serial: serial, instruction: instruction)
  }

  deinit {
    for step in steps { unsafe step.arguments.deallocate() }
  }
}
