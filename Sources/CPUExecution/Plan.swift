import CKernels

/// What a session executes: steps with every choice made and every address resolved, and the memory they point into.
@safe struct Plan: ~Copyable {
  private(set) var steps: [swl_step] = unsafe []
  /// For each step, the instruction that it belongs to.
  private(set) var instructions: [Int32] = []
  /// Scratch bytes that one thread needs for any step.
  private(set) var scratchByteCount: Int64 = 0
  private var blocks: [UnsafeMutableRawPointer] = unsafe []
  /// Run-time indices that lay outside their tensors so far; the kernels count here.
  let faults: UnsafeMutablePointer<UInt64>

  init() {
    unsafe faults = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    unsafe faults.initialize(to: 0)
  }

  deinit {
    unsafe blocks.forEach { unsafe $0.deallocate() }
    unsafe faults.deallocate()
  }

  /// Zero-filled bytes at a 64-byte boundary, owned by the plan: packed weights, tables, a step's arguments.
  mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let rounded = (max(byteCount, 1) + 63) & ~63
    let block = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: 64)
    unsafe block.initializeMemory(as: UInt8.self, repeating: 0, count: rounded)
    unsafe blocks.append(block)
    return unsafe block
  }

  /// Appends a step.
  /// - Parameters:
  ///   - arguments: the structure that the kernel's family reads; copied.
  ///   - count: the family's items.
  ///   - grain: items that one thread takes at a time.
  mutating func append<Arguments: BitwiseCopyable>(
    _ kernel: UnsafePointer<swl_kernel>, _ arguments: Arguments, count: Int, grain: Int, scratch: Int64 = 0, instruction: Int
  ) {
    let copy = unsafe allocate(MemoryLayout<Arguments>.size)
    unsafe copy.storeBytes(of: arguments, as: Arguments.self)
    unsafe steps.append(swl_step(function: kernel.pointee.function, arguments: UnsafeRawPointer(copy), count: Int64(count), grain: Int64(grain)))
    instructions.append(Int32(instruction))
    scratchByteCount = max(scratchByteCount, scratch)
  }
}
