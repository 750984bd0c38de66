import CKernels
import Inference
import ModelFormat
import Tensors

/// Turns the instructions of a validated program into the steps of a plan.
@safe struct Preparation: ~Copyable {
  /// Of one image of a batch at a time; instructions, tensors' numbers and constants are always the same.
  var program: Program
  let options: CPUOptions
  private let weights: UnsafeRawBufferPointer
  private let arena: UnsafeMutableRawBufferPointer
  var plan: Plan
  /// The instruction at hand.
  var index = 0
  private let alike: [TensorIndex]
  /// By the first tensor with the same bytes.
  private var packed: [[PackedWeights]]
  private let store: PackedWeightStore
  private var magnitudes: [[[Int64]]]
  private let onCopy: ((UnsafeRawBufferPointer) -> Void)?

  init(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CPUOptions, onCopy: ((UnsafeRawBufferPointer) -> Void)?,
    store: PackedWeightStore
  ) {
    self.store = store
    self.program = program
    self.options = options
    unsafe self.onCopy = onCopy
    unsafe self.weights = weights
    unsafe self.arena = arena
    plan = Plan(allowance: Program.loadAllowance(weightsByteCount: weights.count))
    alike = program.firstAlike()
    packed = [[PackedWeights]](repeating: [], count: alike.count)
    magnitudes = [[[Int64]]](repeating: [], count: alike.count)
    store.expect(min(leastPackedByteCount(), plan.allowance))
  }

  consuming func finish() -> Plan { plan }

  mutating func append(_ instruction: Instruction) throws(InferenceError) {
    switch instruction {
    case .convolution(let fields): try append(fields)
    case .pooling(let fields): try append(fields)
    case .binary(let fields): try append(fields)
    case .unary(let fields): try append(fields)
    case .lookup(let fields): try append(fields)
    case .quantise(let fields): try append(fields, quantises: true)
    case .dequantise(let fields): try append(fields, quantises: false)
    case .softmax(let fields): try append(fields)
    case .copy(let fields): try append(fields)
    case .fill(let fields): try append(fields)
    case .reduction(let fields): try append(fields)
    case .resize(let fields): try append(fields)
    case .matrixProduct(let fields): try append(fields)
    case .arithmetic(let fields): try append(fields)
    case .mapping(let fields): try append(fields)
    case .cast(let fields): try append(cast: fields)
    case .select(let fields): try append(fields)
    case .gather(let fields): try append(fields)
    case .scatter(let fields): try append(fields)
    case .argReduction(let fields): try append(fields)
    case .topK(let fields): try append(fields)
    case .cumulativeSum(let fields): try append(fields)
    case .recurrence(let fields): try append(fields)
    case .integerConvolution(let fields): try append(fields)
    case .attention(let fields): try append(fields)
    case .rotation(let fields): try append(fields)
    case .normalisation(let fields): try append(fields)
    }
  }

  // MARK: Parts that the families share

  func tensor(_ index: TensorIndex) -> TensorDescription { program.tensors[Int(index)] }

  /// Where a tensor's bytes lie. Kernels write only to tensors of the arena, which validation made sure of.
  func bytes(_ index: TensorIndex) -> UnsafeMutableRawPointer {
    switch tensor(index).storage {
    case .arena(let offset): unsafe arena.baseAddress! + offset
    case .weights(let offset): unsafe UnsafeMutableRawPointer(mutating: weights.baseAddress! + offset)
    }
  }

  func kernel(_ family: swl_family) -> UnsafePointer<swl_kernel> { unsafe swl_kernel_for(family, options.instructionSet.code) }

  /// - Parameters:
  ///   - pace: units of `work` that the kernel does in the time of an element that is read and written.
  ///   - weight: how much more an element weighs than others where it is decided whether threads share the step.
  ///   - together: items that are quicker together; threads take multiples of it.
  ///   - shares: how often a thread takes items.
  mutating func step<Arguments: BitwiseCopyable>(
    _ kernel: UnsafePointer<swl_kernel>, _ arguments: Arguments, count: Int, work: Int, pace: Int = 1, weight: Int = 1, scratch: Int64 = 0, together: Int = 1,
    shares: Int = 4
  ) throws(InferenceError) {
    let grain = (Self.grain(count: count, work: weight * (work / pace), threads: options.threads, shares: shares) + together - 1) / together * together
    try unsafe plan.append(kernel, arguments, count: count, grain: grain, work: work, scratch: scratch, instruction: index)
  }

  /// Constant weights as a kernel wants them: packed for the first instruction, shared by all later ones that read the same bytes in the
  /// same form, and by programs bound to other sizes where that leaves the form.
  /// - Parameters:
  ///   - byteCount: the most that they take.
  ///   - pack: fills zeros, and gives the bytes that it took.
  mutating func packedWeights(
    _ tensor: TensorIndex, as form: PackedWeights.Form, atMost byteCount: Int, _ pack: (UnsafeMutableRawPointer) -> Int
  ) throws(InferenceError) -> PackedWeights {
    let first = Int(alike[Int(tensor)])
    if let known = packed[first].first(where: { $0.form == form }) { return known }
    let made: PackedWeights
    if let kept = try unsafe stored(first, tensor, form, byteCount, pack) {
      made = kept
    } else {
      made = try unsafe own(tensor, form, byteCount, pack)
    }
    if packed[first].count < Self.rememberedForms { packed[first].append(made) }
    return made
  }

  /// Bytes that packed weights will take at least: those of products, each once, since packing leaves no weight out; and what says in which order each
  /// window is read, where there are windows.
  private func leastPackedByteCount() -> Int {
    var counted = [Bool](repeating: false, count: alike.count)
    var total = 0
    for case .convolution(let fields) in program.instructions {
      let weights = tensor(fields.weights), first = Int(alike[Int(fields.weights)])
      guard fields.groups == 1, weights.dimensions[1] * weights.dimensions[2] == 1, place(of: fields.weights) != nil, !counted[first] else { continue }
      counted[first] = true
      let hasWindows = tensor(fields.input).isQuantised && options.instructionSet == .avx2
      total += weights.byteCount + (hasWindows ? weights.byteCount * 5 / 32 : 0)
    }
    return total
  }

  /// From the store, or made for it; nil where it can't keep them.
  private mutating func stored(
    _ first: Int, _ tensor: TensorIndex, _ form: PackedWeights.Form, _ byteCount: Int, _ pack: (UnsafeMutableRawPointer) -> Int
  ) throws(InferenceError) -> PackedWeights? {
    guard form.isLasting, let place = place(of: tensor) else { return nil }
    if let known = store.weights(of: first, at: place, as: form) {
      try plan.charge(known.byteCount)
      return known
    }
    guard store.hasRoom(for: byteCount, of: first, allowance: plan.allowance) else { return nil }
    try plan.charge(byteCount)
    guard let block = unsafe store.take(byteCount) else { throw Plan.noMemory(byteCount) }
    let made = unsafe PackedWeights(form: form, block: block, byteCount: pack(block))
    plan.refund(PlanMemory.rounded(byteCount) - PlanMemory.rounded(made.byteCount))
    store.keep(made, of: byteCount, for: first, at: place)
    unsafe onCopy?(UnsafeRawBufferPointer(start: bytes(tensor), count: self.tensor(tensor).byteCount))
    return made
  }

  /// Made for this plan alone.
  private mutating func own(
    _ tensor: TensorIndex, _ form: PackedWeights.Form, _ byteCount: Int, _ pack: (UnsafeMutableRawPointer) -> Int
  ) throws(InferenceError) -> PackedWeights {
    let block = try unsafe plan.allocate(byteCount)
    let made = unsafe PackedWeights(form: form, block: block, byteCount: pack(block))
    plan.keep(made.byteCount, of: byteCount)
    unsafe onCopy?(UnsafeRawBufferPointer(start: bytes(tensor), count: self.tensor(tensor).byteCount))
    return made
  }

  /// Each output channel's Σ |weight| of int8 weights; summed once for all instructions that read the same bytes.
  mutating func weightMagnitudes(_ tensor: TensorIndex, channels: Int, depth: Int) -> [Int64] {
    let first = Int(alike[Int(tensor)])
    // The same bytes: as many channels mean the same depth.
    if let known = magnitudes[first].first(where: { $0.count == channels }) { return known }
    var sums = [Int64](repeating: 0, count: channels)
    unsafe swl_weight_magnitudes(bytes(tensor).assumingMemoryBound(to: Int8.self), Int64(channels), Int64(depth), &sums)
    if magnitudes[first].count < Self.rememberedForms { magnitudes[first].append(sums) }
    return sums
  }

  /// The same where their size is known.
  mutating func packedWeights(
    _ tensor: TensorIndex, as form: PackedWeights.Form, byteCount: Int, _ pack: (UnsafeMutableRawPointer) -> Void
  ) throws(InferenceError) -> PackedWeights {
    try unsafe packedWeights(tensor, as: form, atMost: byteCount) {
      unsafe pack($0)
      return byteCount
    }
  }

  /// The search must stay short where a program reads the same bytes in ever new forms.
  private static let rememberedForms = 16

  /// Where a tensor lies in the weight section; nil for one of the arena.
  func place(of tensor: TensorIndex) -> PackedWeightStore.Place? {
    guard case .weights(let offset) = self.tensor(tensor).storage else { return nil }
    return PackedWeightStore.Place(offset: offset, byteCount: self.tensor(tensor).byteCount)
  }

  /// Less work than this, some three microseconds of elements, isn't worth the other threads' waking.
  static let sharedWork = 32768

  /// Products of 8-bit integers that a dense kernel does in the time of an element.
  var densePace: Int {
    switch options.instructionSet {
    case .scalar: 1
    case .neon: 2
    case .neonDot: 4
    case .avx2: 8
    case .avx512VNNI: 16
    }
  }

  /// As `densePace`, of a depthwise kernel, whose operands serve one product each.
  var depthwisePace: Int { max(densePace / 4, 1) }

  /// Items that one thread takes at a time: all of them where a step is too small to share, else its part in as many `shares`.
  /// `work` counts elements touched or multiplications, whichever is more.
  static func grain(count: Int, work: Int, threads: Int, shares: Int = 4) -> Int {
    guard threads > 1, work >= sharedWork else { return max(count, 1) }
    return max(1, count / (shares * threads))
  }

  /// Chunks of a flat array.
  static func chunks(_ count: Int) -> Int { (count + Int(SWL_CHUNK) - 1) / Int(SWL_CHUNK) }
}
