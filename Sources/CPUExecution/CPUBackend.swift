public import Inference
public import ModelFormat

/// Executes programs on the CPU by the kernels of `CKernels`.
@safe public final class CPUBackend: Backend {
  public typealias Options = CPUOptions

  private let plan: Plan
  private let team: ThreadTeam
  private let packed: PackedWeightStore
  private let instructionSet: CPUInstructionSet
  private let packedFrom: UnsafeRawBufferPointer

  /// - Throws: `.noResources` where packed weights would take more than `Program.loadAllowance` or the threads' scratch more than
  ///   `Program.largestArena`; `.unsupported` where a run would take more than 2^44 multiplications, or the machine lacks the options'
  ///   instructions; `.sumOverflow`; `.malformedProgram`.
  public convenience init(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CPUOptions, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) throws(InferenceError) {
    let shared = unsafe options.sharing?.store(of: weights, for: options.instructionSet)
    try unsafe self.init(program: program, weights: weights, arena: arena, options: options, onCopy: onCopy, packed: shared ?? PackedWeightStore())
  }

  public func rebound(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CPUOptions, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) throws(InferenceError) -> CPUBackend {
    // What is packed follows from the weights' bytes and the instruction set.
    let isAlike = unsafe options.instructionSet == instructionSet && weights.baseAddress == packedFrom.baseAddress && weights.count == packedFrom.count
    return try unsafe CPUBackend(
      program: program, weights: weights, arena: arena, options: options, onCopy: onCopy, packed: isAlike ? packed : PackedWeightStore())
  }

  private init(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CPUOptions, onCopy: ((UnsafeRawBufferPointer) -> Void)?,
    packed: PackedWeightStore
  ) throws(InferenceError) {
    guard 1...256 ~= options.threads else { throw InferenceError(.unsupported, "\(options.threads) threads: choose 1 to 256") }
    guard options.instructionSet.isAvailable else {
      throw InferenceError(.unsupported, "this machine has no \(options.instructionSet.name) instructions")
    }
    let address = unsafe weights.baseAddress.map { UInt(bitPattern: $0) } ?? 0
    guard address % 8 == 0 else { throw InferenceError(.unsupported, "the weights don't begin at a multiple of 8 bytes") }
    let images = program.imageByImage(threads: options.threads)
    let plan: Plan
    do {
      plan = try unsafe Self.plan(images ?? [program], weights: weights, arena: arena, options: options, onCopy: onCopy, packed: packed)
    } catch {
      // What each image needs of its own can be too much where all of them together need it once.
      guard images != nil, error.code == .noResources else { throw error }
      plan = try unsafe Self.plan([program], weights: weights, arena: arena, options: options, onCopy: onCopy, packed: packed)
    }
    // A program of many gigabytes of scratch would not fail here, but end some process later, when the memory is touched.
    guard plan.scratchByteCount <= Int64(Program.largestArena / options.threads) else {
      throw InferenceError(.noResources, "\(options.threads) threads would need \(plan.scratchByteCount) bytes of scratch each: ask for fewer threads")
    }
    let team = try ThreadTeam(threads: options.threads, scratchByteCount: plan.scratchByteCount)
    self.plan = plan
    self.team = team
    self.packed = packed
    instructionSet = options.instructionSet
    unsafe packedFrom = weights
  }

  /// The steps of one program after the other, which differ in where tensors lie.
  private static func plan(
    _ programs: [Program], weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CPUOptions,
    onCopy: ((UnsafeRawBufferPointer) -> Void)?, packed: PackedWeightStore
  ) throws(InferenceError) -> Plan {
    var preparation = unsafe Preparation(program: programs[0], weights: weights, arena: arena, options: options, onCopy: onCopy, store: packed)
    for program in programs {
      preparation.program = program
      for (index, instruction) in program.instructions.enumerated() {
        preparation.index = index
        try preparation.append(instruction)
      }
    }
    return preparation.finish()
  }

  public static var fillsArena: Bool { true }

  public var faultCount: UInt64 { unsafe plan.faults.pointee }

  public func run() {
    team.run(plan)
  }

  public func run(recording nanoseconds: inout [UInt64]) {
    team.run(plan, recording: &nanoseconds)
  }
}
