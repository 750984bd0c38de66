/// What the runtime executes: instructions in order over planned memory.
public struct Program: Equatable, Sendable {
  public var tensors: [TensorDescription]
  public var inputs: [Port]
  public var outputs: [Port]
  public var instructions: [Instruction]
  /// Bytes of the session's one arena.
  public var arenaByteCount: Int

  public init(tensors: [TensorDescription], inputs: [Port], outputs: [Port], instructions: [Instruction], arenaByteCount: Int) {
    self.tensors = tensors
    self.inputs = inputs
    self.outputs = outputs
    self.instructions = instructions
    self.arenaByteCount = arenaByteCount
  }
}
