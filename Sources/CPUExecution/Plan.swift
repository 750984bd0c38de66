import CKernels
import Inference

/// What a session executes: steps with every choice made and every address resolved, and the memory they point into.
@safe struct Plan: ~Copyable {
  private(set) var steps: [swl_step] = unsafe []
  /// For each step, the instruction that it belongs to.
  private(set) var instructions: [Int32] = []
  /// Scratch bytes that one thread needs for any step.
  private(set) var scratchByteCount: Int64 = 0
  private var memory = PlanMemory()
  /// Bytes that all blocks together may take, and what they take.
  let allowance: Int
  private var byteCount = 0
  /// Elements touched or multiplications, whichever is more, of all steps.
  private var work = 0
  /// Run-time indices that lay outside their tensors so far; the kernels count here.
  let faults: UnsafeMutablePointer<UInt64>

  /// The most work of one run: 2^44 multiplications keep a small device busy for hours.
  static let largestWork = 1 << 44

  init(allowance: Int) {
    self.allowance = allowance
    unsafe faults = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    unsafe faults.initialize(to: 0)
  }

  deinit {
    unsafe faults.deallocate()
  }

  /// Whether `allocate` would give a block of this size, and leave at least half of the allowance for what follows.
  func hasRoom(for byteCount: Int) -> Bool { byteCount <= allowance / 2 - self.byteCount }

  /// Zero-filled bytes at a 64-byte boundary, owned by the plan: packed weights, tables, a step's arguments.
  /// - Throws: `.noResources` where the plan's blocks would leave their allowance; nothing is allocated then.
  mutating func allocate(_ byteCount: Int) throws(InferenceError) -> UnsafeMutableRawPointer {
    try charge(byteCount)
    guard let block = unsafe memory.take(byteCount) else { throw Self.noMemory(byteCount) }
    return unsafe block
  }

  /// Counts bytes of a block that the plan uses, whoever owns it.
  /// - Throws: `.noResources` where the plan's blocks would leave their allowance; nothing is counted then.
  mutating func charge(_ byteCount: Int) throws(InferenceError) {
    guard byteCount <= allowance - self.byteCount - 63 else {
      throw InferenceError(
        .noResources,
        "instruction \(instructions.last.map { $0 + 1 } ?? 0) would take the prepared model from \(self.byteCount) bytes to \(self.byteCount + byteCount),"
          + " and \(allowance) is all that its weights allow: give its convolutions fewer groups, or compile parts of it alone")
    }
    self.byteCount += PlanMemory.rounded(byteCount)
  }

  /// Takes back what was counted too much.
  mutating func refund(_ byteCount: Int) { self.byteCount -= byteCount }

  static func noMemory(_ byteCount: Int) -> InferenceError {
    InferenceError(.noResources, "the system has no memory left for \(byteCount) bytes of the prepared model")
  }

  /// Of a block that was allocated last and filled from its beginning: gives back what it doesn't need.
  mutating func keep(_ byteCount: Int, of allocated: Int) {
    self.byteCount -= PlanMemory.rounded(allocated) - PlanMemory.rounded(byteCount)
    memory.keep(byteCount, of: allocated)
  }

  /// Appends a step.
  /// - Parameters:
  ///   - arguments: the structure that the kernel's family reads; copied.
  ///   - count: the family's items.
  ///   - grain: items that one thread takes at a time.
  ///   - work: elements touched or multiplications, whichever is more.
  /// - Throws: `.noResources` as `allocate`; `.unsupported` where a run would take more than `largestWork`.
  mutating func append<Arguments: BitwiseCopyable>(
    _ kernel: UnsafePointer<swl_kernel>, _ arguments: Arguments, count: Int, grain: Int, work: Int, scratch: Int64 = 0, instruction: Int
  ) throws(InferenceError) {
    guard work <= Self.largestWork - self.work else {
      throw InferenceError(
        .unsupported, "a run takes more than \(Self.largestWork) multiplications up to instruction \(instruction): no processor does them in useful time")
    }
    self.work += max(work, 0)
    let copy = try unsafe allocate(MemoryLayout<Arguments>.size)
    unsafe copy.storeBytes(of: arguments, as: Arguments.self)
    unsafe steps.append(swl_step(function: kernel.pointee.function, arguments: UnsafeRawPointer(copy), count: Int64(count), grain: Int64(grain)))
    instructions.append(Int32(instruction))
    scratchByteCount = max(scratchByteCount, scratch)
  }
}
