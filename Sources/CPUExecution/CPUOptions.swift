/// How a `CPUBackend` runs.
public struct CPUOptions: Sendable, Equatable {
  /// Threads that share the work, the caller of `run()` among them; at least 1. Results don't depend on it.
  public var threads: Int
  /// The widest set of instructions to use; by default the machine's best.
  public var instructionSet: CPUInstructionSet
  /// Weights that sessions of one package keep together; each has its own where nil.
  public var sharing: SharedWeights?

  public init(threads: Int = 1, instructionSet: CPUInstructionSet = .best, sharing: SharedWeights? = nil) {
    self.threads = threads
    self.instructionSet = instructionSet
    self.sharing = sharing
  }
}

/// The weights of one package in the kernels' forms, for several sessions that are made one after the other: packed by the first, and freed with the last.
/// Sessions of other weights or instructions get nothing of it.
@safe public final class SharedWeights: @unchecked Sendable, Equatable {
  private let store = PackedWeightStore()
  private var origin: (address: UnsafeRawPointer?, byteCount: Int, instructionSet: CPUInstructionSet)?
  private let owner: AnyObject

  /// - Parameter owner: keeps the weights where they are: they are known by their address.
  public init(owner: AnyObject) { self.owner = owner }

  /// - Returns: nil where others' weights are in it.
  func store(of weights: UnsafeRawBufferPointer, for instructionSet: CPUInstructionSet) -> PackedWeightStore? {
    guard let origin = unsafe origin else {
      unsafe origin = (weights.baseAddress, weights.count, instructionSet)
      return store
    }
    let isSame = unsafe origin.address == weights.baseAddress && origin.byteCount == weights.count && origin.instructionSet == instructionSet
    return isSame ? store : nil
  }

  /// Bytes that were packed.
  var byteCount: Int { store.byteCount }

  public static func == (left: SharedWeights, right: SharedWeights) -> Bool { left === right }
}
