public import CImaging
public import ModelFormat

/// What executes a program's instructions: prepared once, then run without allocating or throwing.
public protocol Backend: ~Copyable {
  associatedtype Options

  /// Prepares every instruction, with all choices made and all addresses resolved.
  ///
  /// - Parameters:
  ///   - program: validated against `weights`.
  ///   - weights: the package's weight section; must outlive the backend, which may read it on every run.
  ///   - arena: `program.arenaByteCount` bytes at a 64-byte boundary; must outlive the backend.
  ///   - onCopy: is told which weights the backend keeps in a form of its own, and rarely reads where they lie from then on.
  init(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: Options, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) throws(InferenceError)

  /// As `init`, for another program over the same weights: what this one made of weights that both read alike may be shared.
  borrowing func rebound(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: Options, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) throws(InferenceError) -> Self

  /// Whether runs write all of the arena that a program without open sizes has, rather than memory of the backend's own.
  static var fillsArena: Bool { get }

  /// Executes the instructions in order over the arena.
  borrowing func run()

  /// As `run()`, adding each instruction's duration to its element.
  /// - Precondition: one element for each instruction.
  borrowing func run(recording nanoseconds: inout [UInt64])

  /// Makes ready to take frames' pixels in place of an input's tensor, which it makes of them itself, with the bits of `swl_prepare`. Off the hot path.
  /// - Parameters:
  ///   - input: its index among the program's.
  ///   - pass: its sizes and tables are those of all frames.
  ///   - size: frames no larger than that are to find room; others may not.
  /// - Returns: whether it will. Neither then nor where this throws are frames taken of an input that was opened before.
  /// - Throws: `.noResources` or `.unsupported` where it goes on without frames as before; else the device has failed.
  borrowing func openFrames(as input: Int, _ pass: swl_preparation, upTo size: (width: Int, height: Int)) throws(InferenceError) -> Bool

  /// Takes a frame's pixels, of which runs make the input's tensor from now on; what it needs of them it has read when it
  /// returns. Neither allocates nor waits for anything.
  /// - Parameter pass: as `swl_prepare` takes it, but for the scratch memory.
  /// - Returns: false where it doesn't take such a frame, or has no room for it: then the tensor is to be made in the arena.
  borrowing func takeFrame(_ pass: swl_preparation, _ source: swl_source) -> Bool

  /// From now on runs take that input's tensor from the arena again.
  borrowing func leaveFrame(of input: Int)

  /// Run-time indices of gathers and scatters that lay outside their tensors, over all runs so far. Such an index never reads or writes
  /// outside: gathers take the nearest element, scatters leave the update out.
  var faultCount: UInt64 { get }

  /// Set once a run has failed, which only backends can that compute on a device of their own. From then on `run()` does nothing, and what
  /// would carry outputs is zeros.
  var failure: InferenceError? { get }

  /// Whether `failure` is set; costs nothing.
  var hasFailed: Bool { get }
}

extension Backend where Self: ~Copyable {
  public static var fillsArena: Bool { false }
  public var failure: InferenceError? { nil }
  public var hasFailed: Bool { false }
  public func openFrames(as input: Int, _ pass: swl_preparation, upTo size: (width: Int, height: Int)) throws(InferenceError) -> Bool { false }
  public func takeFrame(_ pass: swl_preparation, _ source: swl_source) -> Bool { false }
  public func leaveFrame(of input: Int) {}
}
