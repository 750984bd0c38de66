import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Recurrence) throws(InferenceError) {
    let states = tensor(fields.states)
    let (steps, batch, hidden) = (Int64(states.dimensions[0] - 1), Int64(states.dimensions[1]), Int64(states.dimensions[3]))
    let optional = { (index: TensorIndex?, preparation: borrowing Preparation) -> UnsafePointer<Float>? in
      unsafe index.map { unsafe UnsafePointer(preparation.bytes($0).assumingMemoryBound(to: Float.self)) }
    }
    var arguments = unsafe swl_recurrence()
    unsafe arguments.gates = UnsafePointer(bytes(fields.gates).assumingMemoryBound(to: Float.self))
    unsafe arguments.weights = UnsafePointer(try packedWeights(fields, hidden))
    unsafe arguments.recurrent_bias = optional(fields.recurrentBias, self)
    unsafe arguments.peepholes = optional(fields.peepholes, self)
    unsafe arguments.lengths = fields.lengths.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: Int32.self)) }
    unsafe arguments.initial_hidden = optional(fields.initialHidden, self)
    unsafe arguments.initial_cell = optional(fields.initialCell, self)
    unsafe arguments.states = bytes(fields.states).assumingMemoryBound(to: Float.self)
    unsafe arguments.steps = steps
    unsafe arguments.batch = batch
    unsafe arguments.hidden = hidden
    unsafe arguments.kind = fields.kind.rawValue
    unsafe arguments.is_reversed = fields.isReversed
    unsafe arguments.clip = fields.clip
    unsafe arguments.functions = (fields.functions.0.rawValue, fields.functions.1.rawValue, fields.functions.2.rawValue)
    unsafe arguments.alphas = fields.alphas
    unsafe arguments.betas = fields.betas
    let work = [Int(steps), Int(batch), fields.kind.gateCount, Int(hidden), Int(hidden)].checkedElementCount ?? Int.max
    try unsafe step(
      kernel(SWL_RECURRENCE_F32), arguments, count: Int(batch), work: work, scratch: swl_recurrence_scratch(fields.kind.rawValue, hidden))
  }

  /// All gates' weights side by side; a GRU's candidate apart, since it is multiplied by another state.
  private mutating func packedWeights(_ fields: Recurrence, _ hidden: Int64) throws(InferenceError) -> UnsafeMutablePointer<Float> {
    let source = unsafe UnsafePointer(bytes(fields.weights).assumingMemoryBound(to: Float.self))
    let isGRU = fields.kind == .gru || fields.kind == .gruResetAfter
    let first = isGRU ? 2 * hidden : Int64(fields.kind.gateCount) * hidden
    let count = swl_packed_recurrence_count(first, hidden)
    let total = count + (isGRU ? swl_packed_recurrence_count(hidden, hidden) : 0)
    let form = PackedWeights.Form(family: SWL_RECURRENCE_F32, sizes: [isGRU ? 1 : 0, Int(first), Int(hidden)])
    let packed = try unsafe packedWeights(fields.weights, as: form, byteCount: 4 * Int(total)) { block in
      let packed = unsafe block.assumingMemoryBound(to: Float.self)
      unsafe swl_pack_recurrence(source, first, hidden, packed)
      if isGRU { unsafe swl_pack_recurrence(source + Int(first * hidden), hidden, hidden, packed + Int(count)) }
    }
    return unsafe packed.block.assumingMemoryBound(to: Float.self)
  }
}
