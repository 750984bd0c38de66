import CKernels

extension CPUInstructionSet {
  /// Runs the multiplications that this set's kernels are made of on registers alone, so that a caller who watches the time learns
  /// the most that one core could do.
  /// - Parameter turns: how long: a turn takes some ten processor cycles.
  /// - Returns: how many multiplications that was; 0 for `scalar`, which has no instructions of its own.
  public func multiplyOnRegisters(turns: Int, asFloats: Bool) -> Int { Int(swl_probe_products(code, asFloats, Int64(turns))) }
}
