public import ModelFormat
import Tensors

/// A loaded program with its memory: write the inputs, run, read the outputs. One thread at a time.
@safe public final class Session<Engine: Backend & ~Copyable> {
  public private(set) var program: Program {
    didSet { inputWalks = Self.inputWalks(of: program) }
  }
  /// How `writeInput` goes through each input; made beforehand, since writing allocates nothing.
  private(set) var inputWalks: [PermutedWalk]
  private let arena: AlignedBytes
  private(set) var engine: Engine
  private let options: Engine.Options
  /// Set where the model has open dimensions.
  public let family: ProgramFamily?
  private let onCopy: ((UnsafeRawBufferPointer) -> Void)?
  /// Keeps the weight section mapped.
  private let owner: AnyObject?
  /// What the model remembers from run to run; nil until `carryStates`.
  var memory: StateMemory?

  /// Validates and prepares a program.
  /// - Parameters:
  ///   - family: of which `program` is the one at the upper bounds; lets `bind(sizes:)` choose others.
  ///   - weights: the package's weight section, valid for as long as `owner` lives (or, without one, as this session does).
  ///   - owner: kept for as long as the session.
  ///   - onCopy: is told which weights are kept in another form from then on, so that whoever mapped them may let their pages go.
  public init(
    program: Program, family: ProgramFamily? = nil, weights: UnsafeRawBufferPointer, owner: AnyObject? = nil, options: Engine.Options,
    onCopy: ((UnsafeRawBufferPointer) -> Void)? = nil
  ) throws(InferenceError) {
    unsafe try Self.validate(program, weights)
    guard 0...Program.largestArena ~= program.arenaByteCount else {
      throw InferenceError(.malformedProgram, "the program wants an arena of \(program.arenaByteCount) bytes")
    }
    self.program = program
    inputWalks = Self.inputWalks(of: program)
    self.family = family
    self.options = options
    self.owner = owner
    unsafe self.onCopy = onCopy
    // Of open sizes, short ones leave much of the arena alone.
    let arena = AlignedBytes(count: program.arenaByteCount, isFilled: family == nil && Engine.fillsArena)
    engine = try unsafe Engine(program: program, weights: weights, arena: arena.bytes, options: options, onCopy: onCopy)
    self.arena = arena
    unsafe self.weights = weights
  }

  private let weights: UnsafeRawBufferPointer
  /// Of engines that `bind` replaced.
  private var earlierFaultCount: UInt64 = 0

  /// Makes the program one for given sizes of its open dimensions, in the order of `family`'s. Inputs and outputs begin anew.
  ///
  /// Prepares every instruction again, weights excepted that are kept in the same form, so it belongs between runs, not into the hot path; upon an error the session stays as
  /// it was.
  public func bind(sizes: [Int]) throws(InferenceError) {
    guard let family else { throw InferenceError(.shapeMismatch, "the model has no open dimensions") }
    let chosen: Program
    do {
      chosen = try family.program(sizes: sizes)
    } catch {
      throw InferenceError(.shapeMismatch, error.message)
    }
    guard chosen.arenaByteCount == program.arenaByteCount else {
      throw InferenceError(.malformedProgram, "an open dimension changes the size of the arena")
    }
    unsafe try Self.validate(chosen, weights)
    var chosenMemory: StateMemory?
    if let memory { chosenMemory = try stateMemory(memory.names, in: chosen) }
    let faults = faultCount
    // Nothing after this throws.
    engine = try unsafe engine.rebound(program: chosen, weights: weights, arena: arena.bytes, options: options, onCopy: onCopy)
    earlierFaultCount = faults
    program = chosen
    memory = chosenMemory
    resetStates()
  }

  private static func inputWalks(of program: Program) -> [PermutedWalk] {
    program.inputs.map { PermutedWalk(dimensions: $0.declaredDimensions, permutation: $0.permutation) }
  }

  private static func validate(_ program: Program, _ weights: UnsafeRawBufferPointer) throws(InferenceError) {
    do {
      unsafe try program.validate(weights: weights)
    } catch {
      throw InferenceError(.malformedProgram, error.message)
    }
  }

  /// Executes the program once, and hands states on to the next run. Neither allocates nor throws.
  public func run() {
    engine.run()
    handOnStates()
  }

  /// As `run()`, adding each instruction's nanoseconds to its element, for an operator table.
  /// - Precondition: `nanoseconds` has one element for each instruction.
  public func run(recording nanoseconds: inout [UInt64]) {
    precondition(nanoseconds.count == program.instructions.count)
    engine.run(recording: &nanoseconds)
    handOnStates()
  }

  /// Run-time indices that lay outside their tensors, over all runs so far: where it grows, the model was given data that it isn't made
  /// for, and the outputs of that run mean little. Reading it costs nothing.
  public var faultCount: UInt64 { earlierFaultCount + engine.faultCount }

  /// Set once a run has failed (see `Backend.failure`); outputs are zeros from then on, and another session is needed.
  public var failure: InferenceError? { engine.failure }

  /// Whether `failure` is set, without building its message.
  public var hasFailed: Bool { engine.hasFailed }

  /// The bytes that carry an input, in the layout and type of its tensor (not of the port); valid as long as the session.
  /// Ports live through the whole program where the compiler plans memory, so what was written stays from run to run until `bind`.
  /// A frame that was taken in place of that tensor counts no more.
  public func inputBytes(_ index: Int) -> UnsafeMutableRawBufferPointer {
    engine.leaveFrame(of: index)
    return unsafe arenaBytes(of: program.tensors[Int(program.inputs[index].tensor)])
  }

  /// The bytes that carry an output after a run, in the layout and type of its tensor; valid until the next run.
  public func outputBytes(_ index: Int) -> UnsafeRawBufferPointer {
    unsafe bytes(of: program.tensors[Int(program.outputs[index].tensor)])
  }

  /// Where a tensor of a program over this session's memory lies.
  func bytes(of tensor: TensorDescription) -> UnsafeRawBufferPointer {
    switch tensor.storage {
    case .arena: return unsafe UnsafeRawBufferPointer(arenaBytes(of: tensor))
    case .weights(let offset): return unsafe UnsafeRawBufferPointer(rebasing: weights[offset..<offset + tensor.byteCount])
    }
  }

  /// As `bytes(of:)`, for a tensor of the arena.
  func arenaBytes(of tensor: TensorDescription) -> UnsafeMutableRawBufferPointer {
    guard case .arena(let offset) = tensor.storage else { preconditionFailure("inputs lie in the arena") }
    return unsafe UnsafeMutableRawBufferPointer(rebasing: arena.bytes[offset..<offset + tensor.byteCount])
  }
}
