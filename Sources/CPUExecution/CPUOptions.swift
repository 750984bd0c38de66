/// How a `CPUBackend` runs.
public struct CPUOptions: Sendable, Equatable {
  /// Threads that share the work, the caller of `run()` among them; at least 1. Results don't depend on it.
  public var threads: Int
  /// The widest set of instructions to use; by default the machine's best.
  public var instructionSet: CPUInstructionSet

  public init(threads: Int = 1, instructionSet: CPUInstructionSet = .best) {
    self.threads = threads
    self.instructionSet = instructionSet
  }
}
